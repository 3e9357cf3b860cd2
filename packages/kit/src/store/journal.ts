/**
 * An append-only file of JSON lines, each on the disk before `append` returns. A record that a crash cut in the middle is the last
 * one and is left out when reading. Always on this machine, also when the plan changes another one.
 */
import { constants } from 'node:fs'
import { open, readFile, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../base/fault.ts'
import { makeDirectories, syncDirectory } from '../host/directories.ts'
import { attempt } from '../host/files.ts'

export interface Journal {
  append(record: unknown): Promise<void>
  /** All whole records, oldest first; empty when there is no journal. */
  records(): Promise<unknown[]>
  /** Forgets all records. */
  clear(): Promise<void>
}

/** A crash may have left half a record at the end; the next one must not be glued to it. */
async function cutToWholeRecords(handle: FileHandle, size: number): Promise<void> {
  const last = Buffer.alloc(1)
  await handle.read(last, 0, 1, size - 1)
  if (last.toString() === '\n') return
  const whole = (await handle.readFile()).lastIndexOf('\n') + 1
  await handle.truncate(whole)
}

export function journalAt(path: string): Journal {
  return {
    append: (record) =>
      attempt('write', path, async () => {
        await makeDirectories(dirname(path))
        const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o600)
        try {
          const { size } = await handle.stat()
          if (size > 0) await cutToWholeRecords(handle, size)
          await handle.writeFile(`${JSON.stringify(record)}\n`)
          await handle.sync()
          // The name of a new file is no part of the file (fsync(2)).
          if (size === 0) await syncDirectory(dirname(path))
        } finally {
          await handle.close()
        }
      }),
    async records() {
      let text: string
      try {
        text = await attempt('read', path, () => readFile(path, 'utf8'))
      } catch (error) {
        if (error instanceof Fault && error.code === 'not-found') return []
        throw error
      }
      const lines = text.split('\n')
      // What follows the last newline is empty, or a record that was cut.
      lines.pop()
      return lines.map((line, index) => {
        try {
          return JSON.parse(line) as unknown
        } catch (cause) {
          throw new Fault('state', `${path}: line ${index + 1} is damaged`, {
            hint: 'move the file away after reading what it says',
            cause,
          })
        }
      })
    },
    clear: () => attempt('remove', path, () => rm(path, { force: true })),
  }
}
