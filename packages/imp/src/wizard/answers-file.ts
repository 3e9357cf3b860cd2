/** The file of answers: read as YAML or JSON, and written as an example for this machine. */
import { parse as parseYaml, stringify } from 'yaml'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Files } from '@imp/kit/host/host.ts'
import { Answers, type DraftAnswers } from './model.ts'

/** Reads a file of answers. Throws `input` with the place when it is neither YAML nor JSON, or no answers. */
export async function readAnswers(files: Files, path: string, file: string): Promise<DraftAnswers> {
  const text = await files.read(path)
  let document: unknown
  try {
    document = parseYaml(text)
  } catch (error) {
    throw new Fault('input', `${file} is neither YAML nor JSON`, { detail: asFault(error).message, cause: error })
  }
  return parse(Answers, document, file)
}

/** The text of a file of answers. */
export function writeAnswers(answers: object): string {
  return stringify(answers)
}
