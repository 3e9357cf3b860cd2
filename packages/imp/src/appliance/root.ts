/** A machine whose files are those of a tree below a directory: an image that is being built, or a place to look at what would be written. */
import { join } from 'node:path'
import type { Files, Host } from '@imp/kit/host/host.ts'

function filesBelow(files: Files, root: string): Files {
  const at = (path: string): string => join(root, path)
  return {
    read: (path) => files.read(at(path)),
    readBytes: (path) => files.readBytes(at(path)),
    // Users of the tree are not users of this machine: what is written belongs to the caller.
    write: (path, content, options = {}) => files.write(at(path), content, options.mode === undefined ? {} : { mode: options.mode }),
    list: (path) => files.list(at(path)),
    stat: (path) => files.stat(at(path)),
    makeDirectory: (path, options = {}) => files.makeDirectory(at(path), options.mode === undefined ? {} : { mode: options.mode }),
    remove: (path) => files.remove(at(path)),
    rename: (from, to) => files.rename(at(from), at(to)),
  }
}

/** The machine with its files below `root`; programs run on the machine itself. */
export function belowRoot(host: Host, root: string): Host {
  return { ...host, name: `${host.name}, ${root}`, files: filesBelow(host.files, root) }
}
