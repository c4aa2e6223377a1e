#!/bin/sh
# Pages of report --html in a browser without a window: at the widths of a desk
# and of a phone, in light and in dark. BLINDFIT_SCREENSHOTS=DIR keeps pictures.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/reports.sh"
command -v chromium >/dev/null || { echo "skipped: no chromium"; exit 77; }
frames=$PWD/tests/cli/browser.html

full_run >"$work/full.json"
many_classes >"$work/many.json"
pixel_model "$work/model.csv"
ok "$blindfit" plan -n 1500 -d 64 -c 3 --owners 3 --json
cp "$work/stdout" "$work/plan.json"
# Without --every-iteration.
echo '{"recipe": "whitened", "iterations": 2, "accuracy": {"encrypted": 0.9,
 "plaintext_same_recipe": 0.91, "plaintext_lr": 1}}' >"$work/bars.json"
cd "$work" || exit 1
case $blindfit in /*) ;; *) blindfit=$OLDPWD/$blindfit ;; esac
page() # NAME ARGUMENT...
{
    name=$1
    shift
    ok "$blindfit" report --html "$@" -o "$name.html"
}
page one full.json -m model.csv --pixels 7x8
page four full.json plan.json bars.json many.json
page many many.json
page bars bars.json
pages="one four many bars"

# frame NAME WIDTH: a frame that holds the page as an attribute, so that it may
# be measured by the page around it.
frame()
{
    printf '<iframe name="%s %s" style="width:%spx" srcdoc="' "$1" "$2" "$2"
    sed 's/&/\&amp;/g; s/"/\&quot;/g' "$1.html"
    echo '"></iframe>'
}
for name in $pages; do
    frame $name 1280
    frame $name 390
done >frames
sed -e '/^FRAMES$/r frames' -e '/^FRAMES$/d' "$frames" >all.html

# look NAME SCHEME: 0 is dark.
look()
{
    ok chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --no-first-run --disable-background-networking --hide-scrollbars \
        --user-data-dir="$work/browser" --window-size=6700,2500 \
        --blink-settings=preferredColorScheme="$2" --screenshot="$1.png" \
        --dump-dom "file://$work/all.html"
    sed -n '/<pre id="found">/,/<\/pre>/p' stdout |
        sed 's/.*<pre[^>]*>//; s/<\/pre>.*//' >found
    for name in $pages; do
        for width in 1280 390; do
            checks=$((checks + 1))
            grep -q -x "$name $width: ok" found ||
                fail "$1: $(grep "^$name $width:" found || echo "$name $width \
was not measured: $(head -c 300 stderr)")"
        done
    done
    # A picture with nothing on it is smaller.
    [ "$(wc -c <"$1.png")" -gt 100000 ] || fail "$1.png: an empty picture"
    [ -z "${BLINDFIT_SCREENSHOTS:-}" ] || cp "$1.png" "$BLINDFIT_SCREENSHOTS"
}
look light 1
look dark 0
! cmp -s light.png dark.png || fail "dark is as light"
finish
