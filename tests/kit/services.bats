#!/usr/bin/env bats
# Grading where instructors do it: pages in a browser, Gradescope, GitHub
# Classroom, and engines that spread a class over machines. Root is needed for
# the root tree, the hosts and the cluster, which are made for a test each.

load class

needs_root() {
    [ "$EUID" -eq 0 ] || skip 'only root can make it'
}

# Runs a script as root in a mount namespace of its own (and a network, for
# --net), with the test's variables.
apart() {
    local script=$1
    shift
    run timeout -k 5 400 env kit="$kit" room="$room" in="$in" results="$results" \
        unshare --mount --propagation private "$@" bash -euc "$script" 3>&- 4>&-
}

# The shell commands of a block of tests/grading/README.md: the first in which a
# line matches.
block() {
    awk -v wanted="$1" '
        /^```/ { inside = !inside && /sh$/; if (!inside && text ~ wanted) { printf "%s", text; exit }
            text = ""; next }
        inside { text = text $0 "\n" }' "$kit/tests/grading/README.md"
}

# ---- in a browser ----------------------------------------------------------

browser() {
    timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$room/profile" \
        --window-size=700,900 "$@" 2>"$room/browser"
}

@test "in a browser no page runs what a program has printed, overflows or is not printed" {
    local page
    command -v chromium >/dev/null || skip 'there is no chromium'
    cp -r tests/kit/hostile/claims-points tests/kit/hostile/endless-output "$in"
    hand_in 'honest & <b>bold<script>document.title="won"</script>' 01
    grade
    [ "$status" -eq 0 ]
    for page in "$results"/*/report.html "$results/summary.html"; do
        cp "$page" "$room/page.html"
        browser --dump-dom "file://$room/page.html" >"$room/dom"
        grep -q '</h1>' "$room/dom"
        run ! grep -qE '<script|<title>won|<b>' "$room/dom"
        # Without the policy, too, and then a script of ours measures it.
        { grep -v Content-Security-Policy "$page" | sed '/^<\/html>/d'
            echo '<script>document.body.dataset.width =
                document.documentElement.scrollWidth + "/" + window.innerWidth</script></html>'
        } >"$room/page.html"
        browser --dump-dom "file://$room/page.html" >"$room/dom"
        run ! grep -q '<title>won' "$room/dom"
        [[ $(cat "$room/dom") =~ data-width=\"([0-9]+)/([0-9]+)\" ]]
        ((BASH_REMATCH[1] <= BASH_REMATCH[2]))
        browser --print-to-pdf="$room/page.pdf" "file://$room/page.html"
        [ "$(head -c 4 "$room/page.pdf")" = %PDF ]
    done
}

# ---- services --------------------------------------------------------------

@test "Gradescope: setup.sh and run_autograder in a root tree like its own" {
    needs_root
    tests/grading/weights | sed 's/ 8$/ 18/' >"$room/weights"
    instructor make gradescope WEIGHTS="$room/weights"
    [ "$status" -eq 0 ]
    hand_in submission 01
    cp -r tests/kit/hostile/reads-others/01-one-shot "$in/submission/02-looping"
    apart '
        mkdir "$room/tree"
        mount -t tmpfs tmpfs "$room/tree"
        cd "$room/tree"
        mkdir upper work root
        mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
        mount --rbind /dev root/dev
        mount -t proc proc root/proc
        mkdir -p root/autograder/source root/autograder/results
        cp -r "$in/submission" root/autograder
        echo "{\"id\": 7, \"users\": [{\"email\": \"ann@school.edu\", \"name\": \"Ann\"}]}" \
            >root/autograder/submission_metadata.json
        unzip -q "$kit/build/gradescope.zip" -d root/autograder/source
        cp root/autograder/source/run_autograder root/autograder
        chroot root bash /autograder/source/setup.sh
        chroot root /autograder/run_autograder
        cp root/autograder/results/results.json "$room"'
    [ "$status" -eq 0 ] || { tail -n 20 <<<"$output"; return 1; }
    [ "$(jq -r .extra_data.sandbox "$room/results.json")" = container ]
    [ "$(jq -r .extra_data.id "$room/results.json")" = ann@school.edu ]
    [ "$(jq '.extra_data.lessons[0].points' "$room/results.json")" = 20 ]
    [ "$(jq '.score' "$room/results.json")" = 20 ]
    run ! grep -q 'autograder/source/' "$room/results.json"
}

@test "GitHub Classroom: the step's result is what its reporter reads" {
    needs_root
    local step
    hand_in submission 01
    step=$(awk '/^        run: \|/ { on = 1; next } on && !/^          / { exit } on' \
        tests/grading/services/classroom.yml | sed 's/\${{[^}]*}}/s/g')
    [[ $step == *GITHUB_OUTPUT* ]]
    # Where nobody but root may look into the kit, as on a machine that is thrown
    # away; sudo is root already.
    mkdir "$room/work"
    cp -r "$kit" "$room/work/kit"
    cp -r "$in/submission" "$room/work"
    chown -R root "$room/work/kit"
    chmod 700 "$room/work/kit"
    cd "$room/work"
    run env GITHUB_OUTPUT="$room/github" bash -euc "sudo() { env \"\$@\"; }; $step"
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    sed -n 's/^result=//p' "$room/github" | base64 -d >"$room/result.json"
    [ "$(jq -r .version "$room/result.json")" = 1 ]
    [ "$(jq -r .max_score "$room/result.json")" = "$(all_points)" ]
    [ "$(jq -r '.tests[0] | .name, .status, .score' "$room/result.json" | tr '\n' ' ')" = '01-one-shot pass 10 ' ]
}

# ---- engines ---------------------------------------------------------------

@test "GNU parallel over ssh, to two hosts" {
    needs_root
    command -v parallel >/dev/null && [ -x /usr/sbin/sshd ] || skip 'parallel or sshd is missing'
    local id
    for id in ann bob cy dee; do hand_in $id 01; done
    ssh-keygen -q -t ed25519 -N '' -f "$room/host"
    ssh-keygen -q -t ed25519 -N '' -f "$room/user"
    mkdir "$room/.ssh" "$room/.parallel"
    touch "$room/.parallel/will-cite"
    printf '%s\n' 'Port 22' "HostKey $room/host" "AuthorizedKeysFile $room/user.pub" \
        'UsePAM no' 'StrictModes no' 'PidFile none' 'MaxStartups 100' >"$room/sshd_config"
    printf '%s\n' 'Host host1' 'HostName 10.77.1.2' 'Host host2' 'HostName 10.77.2.2' \
        'Host *' "IdentityFile $room/user" 'StrictHostKeyChecking no' \
        "UserKnownHostsFile $room/known" 'LogLevel ERROR' >"$room/.ssh/config"
    echo 'a secret' >"$kit/secret"
    block 'parallel --env' >"$room/commands"
    grep -q host1,host2 "$room/commands"
    ln -s "$in" "$kit/submissions"
    mkdir -p "$results"
    ln -s "$results" "$kit/results"
    chown -R nobody "$room"
    chmod 600 "$room/host"
    chown root "$room/host"
    apart '
        mount -t tmpfs tmpfs /run
        mkdir /run/sshd /run/netns
        sed "/^nobody:/s|:[^:]*:[^:]*\$|:$room:/bin/bash|" /etc/passwd >"$room/passwd"
        mount --bind "$room/passwd" /etc/passwd
        for i in 1 2; do
            ip netns add "host$i"
            ip link add "v$i" type veth peer name e0 netns "host$i"
            ip addr add "10.77.$i.1/24" dev "v$i"
            ip link set "v$i" up
            ip -n "host$i" addr add "10.77.$i.2/24" dev e0
            ip -n "host$i" link set e0 up
            ip -n "host$i" link set lo up
            ip netns exec "host$i" /usr/sbin/sshd -D -e -f "$room/sshd_config" 2>"$room/sshd$i" &
        done
        trap "kill \$(jobs -p)" EXIT
        sleep 1
        cd "$kit"
        setpriv --reuid nobody --regid nogroup --clear-groups env -i HOME="$room" \
            PATH="$PATH" bash -eu "$room/commands"' --net
    [ "$status" -eq 0 ] || { echo "$output"; cat "$room"/sshd?; return 1; }
    for id in ann bob cy dee; do [ "$(points $id)" = 10.00 ]; done
    grep -q '"ann",10.00,done' "$results/grades.csv"
    # Both have had work.
    grep -q 'Accepted publickey' "$room/sshd1"
    grep -q 'Accepted publickey' "$room/sshd2"
}

@test "a Slurm array, on a cluster of one node" {
    needs_root
    command -v slurmctld >/dev/null && command -v munged >/dev/null || skip 'slurm is missing'
    local id
    for id in ann bob cy; do hand_in $id 01; done
    echo 'a secret' >"$kit/secret"
    block 'sbatch' >"$room/commands"
    grep -q sbatch "$room/commands"
    ln -sfn "$in" "$kit/submissions"
    mkdir -p "$results"
    ln -sfn "$results" "$kit/results"
    chown -R nobody "$room"
    apart '
        mount -t tmpfs tmpfs /run
        # It resolves no name where there is nothing but a loopback.
        ip link set lo up
        ip link add e0 type veth peer name e1
        ip addr add 10.88.0.1/24 dev e0
        ip link set e0 up
        ip link set e1 up
        mkdir -p /run/munge "$room/slurm" "$room/spool"
        head -c 1024 /dev/urandom >"$room/munge.key"
        chmod 600 "$room/munge.key"
        chown root "$room/munge.key" "$room/slurm" "$room/spool"
        sed "/^nobody:/s|:[^:]*:[^:]*\$|:$room:/bin/bash|" /etc/passwd >"$room/passwd"
        mount --bind "$room/passwd" /etc/passwd
        printf "127.0.0.1 localhost\n10.88.0.1 node\n" >"$room/hosts"
        mount --bind "$room/hosts" /etc/hosts
        chmod 755 /run/munge
        munged --foreground --force --key-file="$room/munge.key" --socket=/run/munge/munge.socket.2 \
            --pid-file=/run/munge/pid --seed-file="$room/seed" --log-file="$room/munge.log" &
        printf "%s\n" ClusterName=lab "SlurmctldHost=node(10.88.0.1)" SlurmUser=root SlurmdUser=root \
            ProctrackType=proctrack/linuxproc TaskPlugin=task/none AuthType=auth/munge \
            CryptoType=crypto/munge StateSaveLocation="$room/slurm" SlurmdSpoolDir="$room/spool" \
            SlurmctldPidFile=/run/ctld.pid SlurmdPidFile=/run/slurmd.pid SwitchType=switch/none \
            MpiDefault=none ReturnToService=2 SchedulerType=sched/builtin SelectType=select/cons_tres \
            SelectTypeParameters=CR_CPU JobAcctGatherType=jobacct_gather/none \
            AccountingStorageType=accounting_storage/none \
            "NodeName=node NodeAddr=10.88.0.1 CPUs=$(nproc) State=UNKNOWN" \
            "PartitionName=all Nodes=node Default=YES MaxTime=60 State=UP" >"$room/slurm.conf"
        printf "CgroupPlugin=cgroup/v1\n" >"$room/cgroup.conf"
        export SLURM_CONF="$room/slurm.conf"
        hostname node
        until munge -n >/dev/null 2>&1; do sleep 0.1; done
        slurmctld -D >"$room/ctld.log" 2>&1 &
        slurmd -D -N node >"$room/slurmd.log" 2>&1 &
        trap "kill \$(jobs -p)" EXIT
        until sinfo -h -o %T 2>/dev/null | grep -q idle; do sleep 0.2; done
        cd "$kit"
        setpriv --reuid nobody --regid nogroup --clear-groups env -i HOME="$room" \
            PATH="$PATH" SLURM_CONF="$SLURM_CONF" bash -eu "$room/commands"' --net --uts --pid --fork --kill-child --mount-proc
    [ "$status" -eq 0 ] || { echo "$output"; tail -n 12 "$room"/*.log; return 1; }
    for id in ann bob cy; do [ "$(points $id)" = 10.00 ]; done
    grep -q '"ann",10.00,done' "$results/grades.csv"
}
