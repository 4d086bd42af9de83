# shellcheck shell=bash disable=SC2034,SC2154 # others use its variables, and set top
# What the instructor's commands share: source it, behind ../commands/common.bash.
#
#   archive_ending     a regular expression (extended): how the names of archives
#                      end that can be read
#   plain_name NAME    prints a name as one line of valid text
#   copy_known FOLDER [PATHSPEC...]
#                      copies what git knows into a folder, as it is in the kit's
#                      folder now

archive_ending='\.(zip|tar|tar\.(gz|bz2|xz|zst)|t[gx]z|tbz2)$'

# XML has no place for two of the characters.
plain_name() {
    if [[ $1 =~ ^[A-Za-z0-9@._-]+$ ]]; then
        printf '%s\n' "$1"
    else
        printf %s "$1" | tr '\000-\037\177' ' ' | iconv -c -f UTF-8 -t UTF-8 |
            LC_ALL=C sed $'s/\xef\xbf[\xbe\xbf]//g'
    fi
}

copy_known() {
    local folder=$1
    shift
    mkdir -p "$folder" &&
        (cd "$top" && git ls-files -z -- "$@" | tar --null --files-from - -cf -) |
        tar -C "$folder" -xf -
}
