# SPDX-License-Identifier: Apache-2.0
"""A little cloud on loopback, for the demo and for the tests.

Every service is a small class that is a context manager: entering it writes
the configuration into a directory of its own and starts the real program on
a free port of 127.0.0.1; leaving it ends the program. Logs stay in that
directory. Nothing here needs more than Python's standard library, so that it
runs before anything is installed::

    from tools.cloud import glance, keystone

    with keystone.Keystone(directory / 'keystone') as identity:
        with glance.Glance(directory / 'glance', identity) as images:
            ...

=============  ============================================================
module         what it holds
=============  ============================================================
process        Daemon: one supervised program with a log and a health wait
warden         the supervisor: whatever ends the owner ends the program
ports          free ports on loopback
programs       where the programs are: a virtual environment, or Debian's
http           JSON over HTTP in a few lines, for health waits and set-up
wsgi           a WSGI module under uWSGI
keystone       Keystone with two projects, five users and a catalogue
glance         Glance with a file store
memcached, rabbitmq, mariadb, postgresql
               the broker, the cache and the databases, from Debian
volupload      volupload itself: configuration, standalone, or API + manager
client         the ordinary clients as a user of the little cloud
environment    virtual environments made from nothing but python3
debian         which Debian packages are missing, and installing them
=============  ============================================================

A killed owner leaves nothing behind: each program runs under a warden that
ends it, and everything that it started, when the owner's end of a pipe
closes.
"""
