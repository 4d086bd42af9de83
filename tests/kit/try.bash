# shellcheck shell=bash
# For the tests of the kit that run its commands:
#   try COMMAND...     run it, as bats' run does: status and output are set. It is
#                      cut off if it hangs, and has no descriptors of bats' own

try() {
    run timeout -k 5 60 "$@" 3>&- 4>&-
}
