#!/bin/bash
# A dataset in 8 shards on a SLURM cluster, then merged. All nodes must see the same folders at the same paths.
#
#   export REFINER=runs/eyes OUT=eyes-refined COUNT=100000
#   array=$(sbatch --parsable slurm.sh)
#   sbatch --dependency=afterok:$array --wrap 'simgan-cli merge "$OUT"'
#
# What is killed is run again by hand, too: scontrol requeue JOB_3, or the command below with --shard 3/8. Not with
# sbatch --array=3: that is another array, of one task.

#SBATCH --job-name=simgan
# One task a shard, counted in steps of 1; 0-7%2 runs at most 2 at once.
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=1G
# After the loss of a node a task starts again; it goes on with what is in its shard's folder.
#SBATCH --requeue
#SBATCH --output=simgan-%A-%a.log
#SBATCH --open-mode=append

set -euo pipefail

# An engine by its name: auto might choose another one on another node, whose last digits differ.
# exec, so that signals of the scheduler reach the program.
exec simgan-cli augment \
  --refiner "$REFINER" \
  --count "$COUNT" \
  --out "$OUT" \
  --engine onnx \
  --device cpu \
  --threads "$SLURM_CPUS_PER_TASK" \
  --shard auto
