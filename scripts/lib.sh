# shellcheck shell=bash
# What the scripts share; sourced, never run. `say` and `die` talk to the user, `have_*` look, `install_packages` installs.
# Sourcing it moves to the root of the source tree, so that the scripts work from any folder.

assay_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$assay_root" || exit 1

bold='' red='' plain=''
if [[ -t 1 && -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
fi

# say TEXT…: one line about what happens now.
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }

# die TEXT…: one sentence on what was wrong and what to do about it; ends the script with 1.
die() {
  printf '%s%s: %s%s\n' "$red" "${0##*/}" "$*" "$plain" >&2
  exit 1
}

# show_help FILE: the comment that FILE opens with, after its #! line.
show_help() { sed -n -e '1d' -e '/^#/!q' -e 's/^# \{0,1\}//p' "$1"; }

have_command() { command -v "$1" >/dev/null 2>&1; }

# missing_packages PACKAGE…: those Debian packages that are not installed, one a line.
missing_packages() {
  local status installed
  # One call for all of them; a package that dpkg has never heard of is an error message there and absent from the answer.
  # shellcheck disable=SC2016  # the ${…} are dpkg-query's
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
  for status in "$@"; do
    grep -qxF "$status installed" <<<"$installed" || printf '%s\n' "$status"
  done
}

# install_packages PACKAGE…: installs these Debian packages, or says who can.
install_packages() {
  local as_root=()
  if ! have_command apt-get; then
    die "this system has no apt-get: install what Debian calls $* with its own package manager, then run this again"
  fi
  if [[ $(id -u) -ne 0 ]]; then
    if have_command sudo && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      die "Debian packages are missing: run \`sudo apt-get update && sudo apt-get install -y --no-install-recommends $*\`, then this again"
    fi
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  say "Installing Debian packages: $*"
  "${as_root[@]}" update || die "apt-get update failed: see its messages above"
  "${as_root[@]}" install -y --no-install-recommends "$@" || die "apt-get could not install $*: see its messages above"
}

# preset_variables NAME: the CMake variables that the configure preset sets, as CMake tells them (NAME="VALUE" a line).
preset_variables() {
  # Not a pipe into grep, whose early end would fail the whole under pipefail.
  cmake --preset "$1" -N 2>/dev/null ||
    die "no preset is called '$1': there are $(cmake --list-presets | sed -n 's/^ *"\([^"]*\)".*/\1/p' | paste -sd' ')"
}

# option_value OPTION [VALUE…]: the value given to an option, or an error where it is absent.
option_value() {
  [[ $# -ge 2 && -n $2 ]] || die "$1 needs a value"
  printf '%s' "$2"
}

# unknown_option WORD: what every script says about a word that it does not know.
unknown_option() { die "'$1' is not known here: see --help"; }

# build_preset NAME [TARGET…]: sets up and configures build/NAME, and builds these targets, or all that the preset has.
build_preset() {
  local preset=$1 targets=()
  shift
  [[ $# -eq 0 ]] || targets=(--target "$@")
  "$assay_root/scripts/setup" --preset "$preset"
  say "Configuring build/$preset"
  cmake --preset "$preset" || die "CMake could not configure build/$preset: see its messages above"
  say "Building build/$preset"
  cmake --build --preset "$preset" --parallel "$(nproc)" "${targets[@]}" ||
    die "build/$preset did not build: see the compiler's messages above"
}
