# SPDX-License-Identifier: Apache-2.0
#
# volupload in DevStack: `enable_plugin volupload URL` in local.conf.
#
# stack.sh sources this with "stack" and a phase, unstack.sh with "unstack",
# clean.sh with "clean". What can be set stands in the file settings.

function check_volupload {
    if [[ "$VOLUPLOAD_IN_CATALOG" == "True" ]] && is_service_enabled c-api; then
        die $LINENO "Two services cannot be the Block Storage of one" \
            "catalogue: disable_service c-api c-vol c-sch c-bak, or set" \
            "VOLUPLOAD_IN_CATALOG=False"
    fi
}

function install_volupload {
    setup_develop $VOLUPLOAD_DIR
}

# The account needs "service" to check tokens and "admin" to fill and delete
# the images of others.
function create_volupload_accounts {
    create_service_user volupload admin
    if [[ "$VOLUPLOAD_IN_CATALOG" != "True" ]]; then
        return
    fi
    # The cinder command looks for volumev3 only, old clients for volumev2.
    local type version
    for type in block-storage volumev3 volumev2; do
        version=v3
        if [[ $type == volumev2 ]]; then
            version=v2
        fi
        get_or_create_service "volupload-$type" "$type" "Volumes and uploads"
        get_or_create_endpoint "$type" "$REGION_NAME" \
            "$VOLUPLOAD_URL/$version/\$(project_id)s"
    done
}

function configure_volupload {
    sudo install -d -o $STACK_USER $VOLUPLOAD_CONF_DIR
    sudo install -d -o $STACK_USER -m 0700 $VOLUPLOAD_STATE_PATH \
        $VOLUPLOAD_VOLUMES_DIR
    rm -f $VOLUPLOAD_CONF
    install -m 0600 /dev/null $VOLUPLOAD_CONF
    cp $VOLUPLOAD_DIR/etc/volupload/api-paste.ini $VOLUPLOAD_CONF_DIR
    # An empty file of rules, to be edited: each has its default.
    if [[ ! -e $VOLUPLOAD_CONF_DIR/policy.yaml ]]; then
        echo "# Rules that are not here have their defaults." \
            > $VOLUPLOAD_CONF_DIR/policy.yaml
    fi

    iniset $VOLUPLOAD_CONF DEFAULT debug $ENABLE_DEBUG_LOG_LEVEL
    iniset $VOLUPLOAD_CONF DEFAULT state_path $VOLUPLOAD_STATE_PATH
    iniset $VOLUPLOAD_CONF DEFAULT enabled_backends local
    iniset $VOLUPLOAD_CONF local path $VOLUPLOAD_VOLUMES_DIR
    iniset $VOLUPLOAD_CONF upload max_concurrent $VOLUPLOAD_MAX_CONCURRENT
    iniset $VOLUPLOAD_CONF api public_endpoint $VOLUPLOAD_URL
    iniset $VOLUPLOAD_CONF api paste_config $VOLUPLOAD_CONF_DIR/api-paste.ini
    iniset $VOLUPLOAD_CONF oslo_policy policy_file \
        $VOLUPLOAD_CONF_DIR/policy.yaml
    iniset $VOLUPLOAD_CONF database connection \
        $(database_connection_url volupload)
    iniset_rpc_backend volupload $VOLUPLOAD_CONF
    configure_keystone_authtoken_middleware $VOLUPLOAD_CONF volupload \
        keystone_authtoken block-storage
    configure_keystoneauth $VOLUPLOAD_CONF volupload glance
    iniset $VOLUPLOAD_CONF glance cafile $SSL_BUNDLE_FILE
    iniset $VOLUPLOAD_CONF glance region_name $REGION_NAME
    setup_logging $VOLUPLOAD_CONF

    write_uwsgi_config "$VOLUPLOAD_UWSGI_CONF" \
        volupload.wsgi.api:application /volupload "" volupload-api
}

function init_volupload {
    recreate_database volupload
    $(volupload_bin)/volupload-manage --config-file $VOLUPLOAD_CONF db sync
}

function start_volupload {
    if is_service_enabled vu-vol; then
        run_process vu-vol "$(volupload_bin)/volupload-volume \
            --config-file $VOLUPLOAD_CONF"
    fi
    if is_service_enabled vu-api; then
        # Not in uWSGI's file: one that is built as a module of Python sets
        # that too late.
        run_process vu-api "$(which env) \
            VOLUPLOAD_CONFIG_FILES=$VOLUPLOAD_CONF \
            $(which uwsgi) --procname-prefix volupload-api \
            --ini $VOLUPLOAD_UWSGI_CONF"
    fi
}

function stop_volupload {
    stop_process vu-api
    stop_process vu-vol
}

function clean_volupload {
    remove_uwsgi_config "$VOLUPLOAD_UWSGI_CONF" volupload-api
    sudo rm -rf $VOLUPLOAD_CONF_DIR $VOLUPLOAD_STATE_PATH \
        $VOLUPLOAD_VOLUMES_DIR
}

function volupload_bin {
    dirname "$(which volupload-manage)"
}

if is_service_enabled vu-api vu-vol; then
    case "$1 ${2:-}" in
        "stack pre-install")
            check_volupload
            ;;
        "stack install")
            echo_summary "Installing volupload"
            install_volupload
            ;;
        "stack post-config")
            echo_summary "Configuring volupload"
            create_volupload_accounts
            configure_volupload
            ;;
        "stack extra")
            echo_summary "Starting volupload"
            init_volupload
            start_volupload
            ;;
        "unstack ")
            stop_volupload
            ;;
        "clean ")
            clean_volupload
            ;;
    esac
fi
