# Runs a command of this checkout; to be sourced with `root` and `program` set and the words of the command as parameters. The bundles
# of `npm run build` run while they are younger than everything that they were made of: -cnewer compares the time of the last change of
# a file or directory, which nobody can set back. Else the sources run as they are.
. "$root/tools/runtime.sh"
if [ ! -x "$node" ]; then
  echo "$program: the dependencies are missing; run: $root/tools/setup" >&2
  exit 8
fi
main="$root/dist/$program.mjs"
if [ ! -e "$main" ] ||
  [ -n "$(find "$root/packages" "$root/tools/build" "$root/package-lock.json" -cnewer "$root/dist/stamp" -print -quit)" ]; then
  main="$root/packages/$program/src/main.ts"
fi
exec "$node" --disable-warning=ExperimentalWarning "$main" "$@"
