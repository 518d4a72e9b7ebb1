#!/usr/bin/env bash
# Plays a game over REST with curl: the state that an answer ends with goes into the next request.
#   examples/play_over_rest.sh [GAME] [STEPS] [URL]
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
# read_answer EXPRESSION: what a Python expression makes of it, a value a line.
read_answer() {
    "$python" -c "import json, sys; answer = json.load(open(sys.argv[1])); print($1, sep='\n')" "$scratch/answer.json"
}

# A game begins with a memory of zeros, as long as the signature `step` says.
ask "$model/metadata"
size="$(read_answer \
    'answer["metadata"]["signature_def"]["signature_def"]["step"]["inputs"]["state_h"]["tensor_shape"]["dim"][1]["size"]')"
state_h="$("$python" -c "print([[0.0] * $size])")"
state_c="$state_h"

mkfifo "$scratch/actions" "$scratch/scores"
"$python" "$here/emulator.py" "$game" "$scratch/screen.json" 0 <"$scratch/actions" >"$scratch/scores" &
exec 3>"$scratch/actions" 4<"$scratch/scores"
for ((step = 1; step <= steps; step++)); do
    read -r score is_over <&4
    [ "$is_over" = 0 ] || break
    {
        printf '{"signature_name": "step", "inputs": {"state_h": %s, "state_c": %s, "frame": ' "$state_h" "$state_c"
        cat "$scratch/screen.json"
        printf '}}'
    } >"$scratch/request.json"
    ask --data-binary "@$scratch/request.json" "$model:predict"
    names='"action", "action_name", "value", "next_state_h", "next_state_c"'
    mapfile -t answer < <(read_answer "*(answer['outputs'][name][0] for name in ($names))")
    state_h="[${answer[3]}]" state_c="[${answer[4]}]"
    echo "$step: ${answer[1]}, value ${answer[2]}, score $score"
    echo "${answer[0]}" >&3
done
