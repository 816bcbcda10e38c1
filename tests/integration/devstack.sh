# SPDX-License-Identifier: Apache-2.0
#
# What DevStack's functions do to a Keystone, done to a real one; and where
# uWSGI is to serve, as there is no Apache before it.

function create_service_user {
    openstack user show "$1" > /dev/null
    openstack role add --user "$1" --project service service
    openstack role add --user "$1" --project service "$2"
}

function get_or_create_service {
    openstack service show "$2" 2> /dev/null ||
        openstack service create --name "$1" --description "$3" "$2"
}

function get_or_create_endpoint {
    openstack endpoint create --region "$2" "$1" public "$3"
}

function write_uwsgi_config {
    iniset $1 uwsgi module $2
    iniset $1 uwsgi http-socket $HTTP_SOCKET
    iniset $1 uwsgi buffer-size 65535
    iniset $1 uwsgi lazy-apps true
    iniset $1 uwsgi enable-threads true
    iniset $1 uwsgi die-on-term true
    iniset $1 uwsgi master true
    iniset $1 uwsgi add-header "Connection: close"
}
