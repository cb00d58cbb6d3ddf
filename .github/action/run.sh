#!/usr/bin/env bash
# What action.yml runs: grids from nothing, their tables held against those of the base and against
# those that this branch commits, and a report of it in Markdown.
#
# Inputs are the variables that action.yml sets; GITHUB_* are GitHub's. Exit codes: 0; 1 what FAIL_ON
# names, or trials that failed; 2 an error.
set -euo pipefail

work=${RUNNER_TEMP:?}/goodinit
tables=$work/tables
report=$work/report.md
summary=${GITHUB_STEP_SUMMARY:?}
outputs=${GITHUB_OUTPUT:?}
results=${RESULTS:-results}
base=${BASE:-${GITHUB_BASE_REF:-}}
mark='<!-- goodinit -->'          # by which the comment is found again
longest=60000                     # bytes of a comment; GitHub takes 65536 characters

error() {
    echo "::error title=goodinit::$*"
    echo "**goodinit:** $*" >> "$summary"
    exit 2
}

# Whether FAIL_ON names the word.
asked() { case " ${FAIL_ON:-conclusion} " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

for word in ${FAIL_ON:-conclusion}; do
    case $word in
        difference | conclusion | stale | never) ;;
        *) error "\`fail-on\` cannot be \`$word\`: it takes difference, conclusion, stale, never" ;;
    esac
done
if [ "${FAIL_ON:-}" != never ] && asked never; then
    error "\`fail-on: $FAIL_ON\`: never stands alone"
fi
rm -rf "$work"
mkdir -p "$tables"

goodinit=${GOODINIT:-}
if [ -z "$goodinit" ]; then
    cargo install --quiet --locked --path "${GITHUB_ACTION_PATH:?}" --root "$work" \
        || error "the program cannot be built: see the log"
    goodinit=$work/bin/goodinit
fi

# The commit to compare with; empty for a branch that is new, which has nothing before it.
commit=
if [ -n "${base//0/}" ]; then
    commit=$(git rev-parse --quiet --verify "refs/remotes/origin/$base^{commit}" \
        || git rev-parse --quiet --verify "$base^{commit}" \
        || { git fetch --quiet --no-tags --depth=1 origin "$base" >&2 && git rev-parse FETCH_HEAD; }) \
        || error "there is no \`$base\` to compare with: see the log"
fi
echo "base: ${base:-none} ${commit}"

same=true concludes=true stale=false failed=false
rows=() details=()
number=0
while IFS= read -r file; do
    file=$(sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<< "$file")
    [ -n "$file" ] || continue
    [ -f "$file" ] || error "there is no experiment file \`$file\`"
    number=$((number + 1))
    out=$tables/$number
    code=0
    "$goodinit" grid "$file" --out "$out" > "$work/log" 2>&1 || code=$?
    cat "$work/log"
    case $code in
        0) ;;
        1) failed=true ;;
        *) error "\`goodinit grid $file\` ended with code $code: $(grep -m 1 '^error' "$work/log" || tail -n 1 "$work/log")" ;;
    esac
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$out/manifest.toml" | head -n 1)
    [ ! -e "$tables/$name" ] || error "two experiment files are of \`$name\`"
    mv "$out" "$tables/$name"
    out=$tables/$name
    kept=$results/$name
    # A table that the repository leaves out is not compared.
    for table in "$out"/*.csv; do
        if git check-ignore --quiet "$kept/$(basename "$table")"; then rm "$table"; fi
    done

    numbers="no results there" conclusions="" here="none"
    if [ -n "$commit" ] && git cat-file -e "$commit:$kept/manifest.toml" 2> /dev/null; then
        code=0
        "$goodinit" diff "$commit:$kept" "$out" --format markdown --limit 3 > "$work/diff.md" || code=$?
        [ "$code" -le 1 ] || error "\`$kept\` of \`$base\` cannot be compared: see the log"
        numbers=same conclusions=same
        if [ "$code" = 1 ]; then
            numbers="**differ**" same=false
            if ! "$goodinit" diff "$commit:$kept" "$out" --fail-on conclusion > /dev/null; then
                conclusions="**change**" concludes=false
            fi
            # The heading names commits and folders of this machine; the one here says what they are.
            details+=("" "### $name" "" "$(tail -n +3 "$work/diff.md")")
        fi
    fi
    if [ -e "$kept/manifest.toml" ]; then
        code=0
        "$goodinit" diff "$kept" "$out" > /dev/null || code=$?
        case $code in
            0) here="as computed" ;;
            1) here="**stale**: \`goodinit grid $file\` and commit" stale=true ;;
            *) error "\`$kept\` cannot be compared: see the log" ;;
        esac
    fi
    rows+=("| \`$name\` | $numbers | $conclusions | $here |")
done <<< "${EXPERIMENT:?}"
[ "$number" -gt 0 ] || error "\`experiment\` names no file"

{
    echo "## Initialization experiments${commit:+ against \`$base\`}"
    echo
    echo "| experiment | numbers | conclusions | tables in this branch |"
    echo "|---|---|---|---|"
    printf '%s\n' "${rows[@]}"
    if [ "$failed" = true ]; then
        echo
        echo "Trials failed: the log says which."
    fi
    [ "${#details[@]}" = 0 ] || printf '%s\n' "${details[@]}"
} > "$report"
cat "$report" >> "$summary"
{
    echo "same=$same"
    echo "concludes-the-same=$concludes"
    echo "stale=$stale"
    echo "report=$report"
    echo "tables=$tables"
} >> "$outputs"

# A pull request from a fork has a token that may not write: the summary has the report anyway.
comment() {
    local body=$work/comment.md comments="repos/${GITHUB_REPOSITORY:?}/issues/$PULL_REQUEST/comments" id
    { echo "$mark"; head -c "$longest" "$report"; } > "$body"
    if [ "$(wc -c < "$report")" -gt "$longest" ]; then
        printf '\n\n</details>\n\nCut here: [the whole of it](%s/%s/actions/runs/%s).\n' \
            "${GITHUB_SERVER_URL:?}" "$GITHUB_REPOSITORY" "${GITHUB_RUN_ID:?}" >> "$body"
    fi
    id=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1) || return 1
    if [ -n "$id" ]; then
        gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field body=@"$body"
    else
        gh api --silent --method POST "$comments" --field body=@"$body"
    fi
}
if [ "${COMMENT:-false}" = true ] && [ -n "${PULL_REQUEST:-}" ]; then
    comment || echo "::notice title=goodinit::no comment was written: the token may not; the report is in the job's summary"
fi

if asked never; then exit 0; fi
if [ "$failed" = true ] \
    || { asked difference && [ "$same" = false ]; } \
    || { asked conclusion && [ "$concludes" = false ]; } \
    || { asked stale && [ "$stale" = true ]; }; then
    exit 1
fi
