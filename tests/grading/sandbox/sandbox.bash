# shellcheck shell=bash
# The boxes in which a submission's programs run, and the compiler that builds
# them: source it, behind ../../commands/common.bash, and call it in the kit's
# folder. It goes with SANDBOX, from the environment:
#   bubblewrap   a box for the programs of each lesson, made without root (unless
#                another is given)
#   container    a container is around all of us: the programs run as a spare
#                user, whom nothing of ours belongs to. We have to be root
#   none         nothing keeps the programs from anything
#
#   make_boxes
#       Returns 1, with a message, if there is no such sandbox. Sets, for the
#       environment of the tests,
#         BOX, LIMITS    the command before a program that makes its box, and what
#                        a program may use, as options of ulimit
#         COMPILER_BOX   the command before the compiler; options of bubblewrap may
#                        follow it
#       and, for us alone, the arrays
#         set_apart      the command before all the tests of a submission: gives
#                        them a network and processes of their own
#         open_box       the command before those who start programs: opens a box
#                        for them, where one can be kept open
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
        COMPILER_BOX="$bubble --cap-drop ALL --proc /proc --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try
            --size 67108864 --tmpfs /tmp"
        set_apart=(unshare --map-current-user --keep-caps --kill-child --fork --pid
            --mount-proc --net --ipc --uts --cgroup setsid --wait "$PWD/tests/grading/sandbox/apart")
        open_box=("$PWD/tests/grading/sandbox/open-box")
        ;;
    container)
        # All of that user's processes count, in every test that runs just now.
        COMPILER_BOX='setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs'
        BOX="$COMPILER_BOX env -i PATH=/usr/bin:/bin"
        LIMITS+=' -u 4096'
        set_apart=(setsid --wait) open_box=()
        ;;
    none)
        BOX='' COMPILER_BOX=''
        set_apart=(setsid --wait) open_box=()
        ;;
    *)
        echo "There is no sandbox '$SANDBOX': bubblewrap, container or none" >&2
        return 1
        ;;
    esac
    BOX=$(tr -s ' \n' ' ' <<<"$BOX") COMPILER_BOX=$(tr -s ' \n' ' ' <<<"$COMPILER_BOX")
}

build_kit() {
    local built=("${lessons[@]/#/build/lessons/}")
    make -s build/driver "${built[@]/%//.starter/server}" "${built[@]/%//.starter/client}" &&
        return
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
    SANDBOX=$SANDBOX COMPILER_BOX=$COMPILER_BOX COMPILER=$(readlink -f "$(command -v cc)") DRIVER=$PWD/build/driver \
        tests/grading/sandbox/compiler "$folder/try.c" -o "$folder/try" || status=1
    if ((status == 0)); then
        # shellcheck disable=SC2016 # another shell is meant
        case $SANDBOX in
        bubblewrap) runs=("${open_box[@]}" sh -c '"$@"; exit' -) ;;
        container) under=$BOX ;;
        esac
        # shellcheck disable=SC2086 # a command with arguments
        BOX=$BOX TMPDIR=$folder/tmp "${set_apart[@]}" "${runs[@]}" build/driver guard 10 $under "$folder/try"
        (($? == 42)) || status=1
    fi
    rm -r "$folder"
    ((status == 0)) || echo "SANDBOX=$SANDBOX does not work here; see tests/grading/README.md" >&2
    return $status
}
