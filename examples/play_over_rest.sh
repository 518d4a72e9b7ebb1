#!/usr/bin/env bash
# Plays a game over REST with curl: the state that an answer ends with goes into the next request.
#   examples/play_over_rest.sh [GAME] [STEPS] [URL]
# PROTOCOL is how the game is played: standard, or sb3 for agents of other libraries, as `import` says.
# PYTHON names the interpreter that plays the game and reads JSON; it needs the project's requirements.
set -euo pipefail
game="${1:-Pong}" steps="${2:-10}" url="${3:-http://127.0.0.1:8501}"
model="$url/v1/models/$game" python="${PYTHON:-python}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
scratch="$(mktemp -d)"
end() {
    exec 3>&- # no more actions: the emulator ends
    wait
    rm -rf "$scratch"
}
trap end EXIT

# ask CURL-ARGUMENTS: writes the server's answer to answer.json; a refusal is said, and is the end.
ask() {
    curl --silent --show-error --fail-with-body --output "$scratch/answer.json" "$@" || {
        cat "$scratch/answer.json" >&2 2>/dev/null || true
        exit 1
    }
}
# read_answer PROGRAM: what a Python program prints of it.
read_answer() {
    "$python" -c "import json, sys; answer = json.load(open(sys.argv[1])); $1" "$scratch/answer.json"
}

# A game begins with a memory of zeros; which parts it has, and of what shape, the signature `step` says: state_h and
# state_c of a recurrent core, state_frames of the last screens, or none at all.
ask "$model/metadata"
read_answer 'import numpy
inputs = answer["metadata"]["signature_def"]["signature_def"]["step"]["inputs"]
for name in (name for name in inputs if name.startswith("state_")):
    shape = [max(int(axis["size"]), 1) for axis in inputs[name]["tensor_shape"]["dim"]]
    kind = int if "INT" in inputs[name]["dtype"] else float
    print(json.dumps(name), json.dumps(numpy.zeros(shape, kind).tolist()), sep=": ", end=", ")' >"$scratch/zeros"

mkfifo "$scratch/actions" "$scratch/scores"
"$python" "$here/emulator.py" "$game" "$scratch/screen.json" 0 "${PROTOCOL:-standard}" \
    <"$scratch/actions" >"$scratch/scores" &
exec 3>"$scratch/actions" 4<"$scratch/scores"
for ((step = 1; step <= steps; step++)); do
    read -r score is_over is_fresh <&4 || exit 1
    [ "$is_over" = 0 ] || break
    [ "$is_fresh" = 0 ] || cp "$scratch/zeros" "$scratch/state"
    {
        printf '{"signature_name": "step", "inputs": {'
        cat "$scratch/state"
        printf '"frame": '
        cat "$scratch/screen.json"
        printf '}}'
    } >"$scratch/request.json"
    ask --data-binary "@$scratch/request.json" "$model:predict"
    read_answer 'outputs = answer["outputs"]
for name in (name for name in outputs if name.startswith("next_state_")):
    print(json.dumps(name.removeprefix("next_")), json.dumps(outputs[name]), sep=": ", end=", ")' >"$scratch/state"
    mapfile -t answer < <(read_answer 'print(*(answer["outputs"][name][0] for name in ("action", "action_name", "value")), sep="\n")')
    echo "$step: ${answer[1]}, value ${answer[2]}, score $score"
    echo "${answer[0]}" >&3
done
