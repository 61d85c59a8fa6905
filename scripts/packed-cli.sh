#!/bin/sh
# Stands beside the packed app as `vascope-cli`: the command line, run by the app's own Node. Link to it as `vascope` from a folder of your PATH.
here=$(dirname "$(readlink -f "$0")")
ELECTRON_RUN_AS_NODE=1 exec "$here/vascope" "$here/resources/app/cli/vascope.mjs" "$@"
