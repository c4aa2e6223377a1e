#!/bin/sh
# debian/ keeps up with the project: the version, what is installed, and what
# the build needs. tools/check-packages builds the packages.
. "$(dirname "$0")/lib.sh"
if sanitized; then
    echo "skipped: no installation of a sanitized build"
    exit 77
fi

version=$("$build/blindfit" --version | grep -o '[0-9][0-9.]*' | head -1)
checks=$((checks + 1))
grep -q "^blindfit ($version) " debian/changelog ||
    fail "debian/changelog does not begin with version $version"

# Files without the folder of a multiarch system, as patterns of dh_install;
# modules of Python and completions come from debian/rules.
ok cmake --install "$build" --prefix "$work/usr"
(cd "$work" && find usr ! -type d) |
    sed 's|^usr/lib/[a-z0-9_]*-linux-gnu/|usr/lib/|' >"$work/installed"
cat debian/*.install |
    sed -e '/^#/d' -e 's|^usr/lib/\*/|usr/lib/|' |
    grep -v -e 'usr/lib/python3' -e '/completions/' -e '/vendor.completions' \
        >"$work/patterns"
for optional in blindfit-server-mpi blindfit-gateway; do
    [ -x "$build/$optional" ] || sed -i "/$optional/d" "$work/patterns"
done

# packaged FILE: a pattern, or a folder that is one, holds the file.
packaged()
{
    while read -r pattern; do
        case $1 in $pattern | $pattern/*) return ;; esac
    done <"$work/patterns"
    return 1
}
while read -r file; do
    checks=$((checks + 1))
    packaged "$file" || fail "$file is installed, but in no debian/*.install"
done <"$work/installed"
while read -r pattern; do
    checks=$((checks + 1))
    found=no
    while read -r file; do
        case $file in $pattern | $pattern/*) found=yes ;; esac
    done <"$work/installed"
    [ $found = yes ] || fail "debian/*.install: nothing installed is $pattern"
done <"$work/patterns"
holds "$(wc -l <"$work/installed") > 20 && $(wc -l <"$work/patterns") > 10"

for unit in share/systemd/*.service; do
    checks=$((checks + 1))
    name=$(basename "$unit")
    ls debian/*."$name" >/dev/null 2>&1 || fail "$unit is in no package"
    grep -q -e "--name=${name%.service}\b" debian/rules ||
        fail "debian/rules: no dh_installsystemd of $name"
done

# Without dpkg the script names the packages; build-essential has some of these.
for package in $(for part in mpi gateway remote; do
    PATH=/nonexistent /bin/sh tools/install-deps $part 2>&1
done | sed '/^install-deps/d'); do
    case $package in
    gcc | make | libc6-dev | openmpi-bin) continue ;;
    pkg-config) package=pkgconf ;;
    esac
    checks=$((checks + 1))
    sed '/^Standards-Version/,$d' debian/control | grep -q "^ $package\\b" ||
        fail "debian/control: Build-Depends lacks $package"
done
holds "$checks > 50"
finish
