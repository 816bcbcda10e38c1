# SPDX-License-Identifier: Apache-2.0
#
# DevStack's functions, as far as the plugin calls them: they write down what
# they are called with. Those of ini files do it for real.

function called { printf '%s\n' "$*" >> "$CALLS"; }

for name in define_plugin plugin_requires enable_service setup_develop \
        create_service_user get_or_create_service get_or_create_endpoint \
        recreate_database run_process stop_process remove_uwsgi_config \
        setup_logging echo_summary; do
    eval "function $name { called $name \"\$@\"; }"
done

function is_service_enabled {
    local service
    for service in "$@"; do
        [[ " $ENABLED_SERVICES " == *" $service "* ]] && return 0
    done
    return 1
}

function die { shift; echo "$*" >&2; exit 1; }
function sudo { "$@"; }
function iniset { "$PYTHON" "$INISET" "$@"; }
function database_connection_url { echo "$DATABASE_URL"; }

function iniset_rpc_backend {
    called iniset_rpc_backend "$@"
    iniset $2 DEFAULT transport_url "$TRANSPORT_URL"
}

function configure_keystoneauth {
    iniset $1 $3 auth_type password
    iniset $1 $3 auth_url $KEYSTONE_SERVICE_URI
    iniset $1 $3 username $2
    iniset $1 $3 password $SERVICE_PASSWORD
    iniset $1 $3 user_domain_name Default
    iniset $1 $3 project_name service
    iniset $1 $3 project_domain_name Default
}

function configure_keystone_authtoken_middleware {
    configure_keystoneauth $1 $2 $3
    iniset $1 $3 www_authenticate_uri $KEYSTONE_SERVICE_URI
    iniset $1 $3 service_type $4
}

function write_uwsgi_config {
    called write_uwsgi_config "$@"
    iniset $1 uwsgi module $2
    iniset $1 uwsgi buffer-size 65535
    iniset $1 uwsgi lazy-apps true
    iniset $1 uwsgi enable-threads true
    iniset $1 uwsgi die-on-term true
}
