/** A data directory of vmm that is nobody's: for machines and images that a benchmark makes up. */
import { rm } from 'node:fs/promises'
import { openDirectory, run, vmm } from './measure.ts'

export interface Scratch {
  readonly data: string
  vmm(...words: string[]): Promise<string>
}

/** Gives a new one to `work`, and takes it away afterwards. */
export async function withScratch<T>(work: (scratch: Scratch) => Promise<T>): Promise<T> {
  const data = await openDirectory()
  try {
    return await work({ data, vmm: (...words) => run(['env', `VMM_DATA_DIR=${data}`, vmm, ...words]) })
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}
