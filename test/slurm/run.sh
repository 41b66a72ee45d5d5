#!/bin/bash
# Runs array-job.ts on a SLURM of its own: munge, controller and one node, in a temporary folder, on ports of its own.
# It needs root and no systemd, and leaves no daemon behind.
set -euo pipefail

missing=()
for program in munged slurmctld slurmd sbatch scontrol squeue scancel; do
  command -v "$program" > /dev/null || missing+=("$program")
done
if ((${#missing[@]} > 0)); then
  echo "This test runs on a real SLURM, and ${missing[*]} cannot be found: on Debian, apt-get install slurm-wlm munge." >&2
  exit 1
fi
if ((EUID != 0)); then
  echo 'This test starts the daemons of SLURM, which needs root: run it as root, in a container for example.' >&2
  exit 1
fi

root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
host=$(hostname -s)
read -r controller_port node_port < <(node -e '
  const { createServer } = require("node:net");
  const servers = [0, 0].map((port) => createServer().listen(port, "127.0.0.1"));
  setTimeout(() => {
    console.log(servers.map((server) => server.address().port).join(" "));
    process.exit();
  }, 100);')

# A daemon by the file in which it writes its number; nothing but what was started here.
stop() {
  local pid
  pid=$(cat "$1" 2> /dev/null) || return 0
  kill "$pid" 2> /dev/null || return 0
  for _ in {1..100}; do
    kill -0 "$pid" 2> /dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid" 2> /dev/null || true
}

clean_up() {
  local status=$?
  if ((status != 0)); then
    echo "What the daemons said last:" >&2
    tail -n 15 "$dir"/*.log "$dir"/work/*.log >&2 2> /dev/null || true
  fi
  stop "$dir/slurmctld.pid"
  stop "$dir/slurmd.pid"
  stop "$dir/munged.pid"
  # Tasks outlive their daemons. Those of this test, and nothing else, run in its folder.
  local process cwd
  for process in /proc/[0-9]*; do
    cwd=$(readlink "$process/cwd" 2> /dev/null) || continue
    if [[ $cwd == "$dir" || $cwd == "$dir"/* ]]; then kill -9 "${process#/proc/}" 2> /dev/null || true; fi
  done
  rm -rf "$dir"
}
trap clean_up EXIT

chmod 755 "$dir"
mkdir "$dir/state" "$dir/spool" "$dir/work"
dd if=/dev/urandom of="$dir/munge.key" bs=128 count=1 status=none
chmod 400 "$dir/munge.key"

cat > "$dir/slurm.conf" << CONF
ClusterName=simgan
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=root
AuthType=auth/munge
# A requeued job waits as long as credentials live.
AuthInfo=socket=$dir/munge.socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
MinJobAge=86400
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# As many processors as the test needs, whatever the machine has.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$dir/slurm.conf

# --force: that the folder above is one for temporary files is no danger here.
munged --force --key-file "$dir/munge.key" --socket "$dir/munge.socket" --pid-file "$dir/munged.pid" \
  --log-file "$dir/munged.log" --seed-file "$dir/munged.seed"
slurmctld
slurmd

cd "$root"
node --conditions=@simgan/source --import tsx test/slurm/array-job.ts "$dir"
