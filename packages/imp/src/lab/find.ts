/** Labs that run on this machine, and which one a word of the command line means. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { interrupted } from '@imp/kit/plan/apply.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import { findDocument } from '@imp/kit/store/document.ts'
import type { ImpContext } from '../context.ts'
import { labDocument, type LabDefinition } from './definition.ts'
import { readTopologyText } from './document.ts'
import { LabName } from './model.ts'
import { labPaths, labsDirectory } from './names.ts'
import type { LabRun } from './run.ts'
import { runningLab } from './steps.ts'
import type { ListedLab } from './views.ts'

/** Names of the labs of which anything is recorded. */
export async function labNames(context: Pick<ImpContext, 'host' | 'runDirectory'>): Promise<string[]> {
  const directory = labsDirectory(context.runDirectory)
  if ((await context.host.files.stat(directory)) === undefined) return []
  return (await context.host.files.list(directory)).filter((name) => LabName.safeParse(name).success)
}

export async function listLabs(context: Pick<ImpContext, 'host' | 'runDirectory'>): Promise<ListedLab[]> {
  return Promise.all(
    (await labNames(context)).map(async (name) => {
      const paths = labPaths(context.runDirectory, name)
      const lab = await findDocument(context.host, labDocument, paths.document)
      const finished = lab !== undefined && (await interrupted(journalAt(paths.journal))) === undefined
      return {
        name,
        nodes: lab?.nodes.length ?? 0,
        state: finished ? 'up' : 'unfinished',
        ...(lab === undefined ? {} : { file: lab.file }),
      }
    }),
  )
}

const Named = z.looseObject({ name: LabName })

export interface Meant {
  readonly name: string
  /** Absolute path, when the word was a file. */
  readonly file?: string
}

/** The lab that a word means: a topology file, of which only the name has to be readable, or the name of a running lab. */
export async function findMeant(context: Pick<ImpContext, 'host' | 'runDirectory'>, word: string): Promise<Meant> {
  const file = resolve(word)
  if ((await context.host.files.stat(file))?.kind === 'file') {
    const { value, findings } = inspect(Named, readTopologyText(await context.host.files.read(file)).value)
    if (value === undefined) throw new Fault('input', `${file} has no name of a lab`, { findings })
    return { name: value.name, file }
  }
  const names = await labNames(context)
  // A lab of which nothing is recorded may still have namespaces: its name is enough to look for them.
  if (LabName.safeParse(word).success) return { name: word }
  const close = nearest(word, names)
  throw new Fault('not-found', `there is no topology file ${file}`, {
    hint: close === undefined ? 'give a topology file, or the name of a lab of: imp lab list' : `did you mean the lab ${close}?`,
  })
}

/** The document of a lab that is up. */
export async function requireRunning(run: LabRun): Promise<LabDefinition> {
  const lab = await runningLab(run)
  if (lab !== undefined) return lab
  const names = (await listLabs(run.context)).map((each) => each.name)
  const close = nearest(run.name, names)
  throw new Fault('not-found', `lab ${run.name} is not up`, {
    hint: close === undefined || close === run.name ? 'bring it up with: imp lab up FILE' : `did you mean ${close}?`,
  })
}
