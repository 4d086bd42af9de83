# The boxes in which a submission's programs run, and the compiler that builds
# them: source it. It goes with SANDBOX, from the environment:
#   bubblewrap   a box of its own for each program, made without root (unless
#                another is given)
#   container    a container is around all of us: the programs run as a spare
#                user, whom nothing of ours belongs to. We have to be root
#   none         nothing keeps the programs from anything
#
#   make_boxes
#       Returns 1, with a message, if there is no such sandbox. Sets, for the environment of a check,
#         BOX, LIMITS
#                  what a program runs in, and what it may use; harness.bash
#                  says how they are read
#         CC_BOX   the command before the compiler, and options of bubblewrap
#                  may follow it
#       and, for us alone, the array
#         outside  the command before the check: a network and processes of its
#                  own
#         in_box   the command before those who start programs: opens the box
#   build_kit   builds what grading needs of the kit itself: the driver, and the
#               programs as they are handed out; returns 0 if that worked
#   try_boxes   returns 0 if a program and the compiler run in their boxes; if
#               not, says why on standard error

SANDBOX=${SANDBOX:-bubblewrap}

# What a program may use at most: KiB in a file, seconds of a processor, descriptors.
# No file with what is left of a crash.
LIMITS='-f 20480 -t 60 -n 2048 -c 0'
[ -z "${TMPDIR-}" ] || TMPDIR=$(realpath "$TMPDIR")

system_folders() {
    local folder
    printf ' --ro-bind /usr /usr'
    for folder in /bin /sbin /lib /lib32 /lib64 /libx32; do
        if [ -L $folder ]; then
            printf ' --symlink %s %s' "$(readlink $folder)" $folder
        elif [ -d $folder ]; then
            printf ' --ro-bind %s %s' $folder $folder
        fi
    done
}

make_boxes() {
    local bubble
    if [[ $PWD == *[[:space:]]* ]]; then
        echo "Grading needs a folder of the kit without spaces in its name: $PWD" >&2
        return 1
    fi
    case $SANDBOX in
    bubblewrap)
        bubble="bwrap --unshare-user --disable-userns --unshare-pid --die-with-parent
            $(system_folders) --clearenv --setenv PATH /usr/bin:/bin
            --dev-bind /dev/null /dev/null --dev-bind /dev/urandom /dev/urandom"
        # Who keeps a box has the rights in it that no program has, so that none
        # can trace it, or see it.
        BOX="$bubble --as-pid-1 --cap-add ALL
            --ro-bind /proc /proc --size 8388608 --tmpfs /tmp --remount-ro /"
        CC_BOX="$bubble --cap-drop ALL --proc /proc --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try
            --size 67108864 --tmpfs /tmp"
        outside=(unshare --map-current-user --keep-caps --kill-child --fork --pid
            --mount-proc --net --ipc --uts --cgroup setsid --wait "$PWD/tests/grading/inside")
        in_box=("$PWD/tests/grading/in-box")
        ;;
    container)
        # All of that user's processes count, in every test that runs just now.
        CC_BOX='setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs'
        BOX="$CC_BOX env -i PATH=/usr/bin:/bin"
        LIMITS+=' -u 4096'
        outside=(setsid --wait) in_box=()
        ;;
    none)
        BOX='' CC_BOX=''
        outside=(setsid --wait) in_box=()
        ;;
    *)
        echo "There is no sandbox '$SANDBOX': bubblewrap, container or none" >&2
        return 1
        ;;
    esac
    BOX=$(tr -s ' \n' ' ' <<<"$BOX") CC_BOX=$(tr -s ' \n' ' ' <<<"$CC_BOX")
}

build_kit() {
    local lessons
    mapfile -t lessons < <(list_lessons)
    lessons=("${lessons[@]/#/build/lessons/}")
    make -s build/driver "${lessons[@]/%//.starter/server}" \
        "${lessons[@]/%//.starter/client}" && return
    echo 'The kit itself does not build.' >&2
    return 1
}

try_boxes() {
    local folder status=0 runs=() under='' processes descriptors
    # Lesson 04 has a thread for each of 1,000 clients, and grading has its own.
    processes=$(ulimit -Hu) descriptors=$(ulimit -Hn)
    if [[ $processes != unlimited ]] && ((processes < 4096)); then
        echo "Grading needs 4096 processes; you may have $processes (ulimit -Hu)." >&2
        return 1
    elif [[ $descriptors != unlimited ]] && ((descriptors < 2048)); then
        echo "Grading needs 2048 descriptors; a process may have $descriptors (ulimit -Hn)." >&2
        return 1
    fi
    case $SANDBOX in
    bubblewrap)
        if ((EUID == 0)); then
            echo 'Grading goes by a plain user, not by root: no limit holds root.' >&2
            return 1
        elif ! command -v bwrap >/dev/null; then
            echo 'bubblewrap is missing; make doctor says how to get it' >&2
            return 1
        fi
        ;;
    container)
        if ((EUID != 0)); then
            echo 'SANDBOX=container: we have to be root in that container' >&2
            return 1
        elif setpriv --reuid nobody --regid nogroup --clear-groups \
            test -r "$PWD/tests/harness.bash"; then
            echo "SANDBOX=container: the programs could read the tests: chmod 700 $PWD" >&2
            return 1
        fi
        ;;
    none) return 0 ;;
    esac
    folder=$(mktemp -d) && chmod 711 "$folder" && mkdir "$folder/tmp" || return
    echo 'int main(void) { return 42; }' >"$folder/try.c"
    SANDBOX=$SANDBOX CC_BOX=$CC_BOX COMPILER=$(readlink -f "$(command -v cc)") DRIVER=$PWD/build/driver \
        tests/grading/boxed-cc "$folder/try.c" -o "$folder/try" || status=1
    if ((status == 0)); then
        # shellcheck disable=SC2016,SC2086 # another shell is meant; it is a command with arguments
        case $SANDBOX in
        bubblewrap) runs=("${in_box[@]}" sh -c 'INSIDE=$BOX "$@"; exit' -) ;;
        container) under=$BOX ;;
        esac
        BOX=$BOX TMPDIR=$folder/tmp "${outside[@]}" "${runs[@]}" build/driver guard 10 $under "$folder/try"
        (($? == 42)) || status=1
    fi
    rm -r "$folder"
    ((status == 0)) || echo "SANDBOX=$SANDBOX does not work here; see tests/grading/README.md" >&2
    return $status
}
