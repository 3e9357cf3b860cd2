/** What an operation says while it runs. Every surface draws the same events: CLI, `--json` lines, HTTP streams. */

export type OperationEvent =
  | { readonly event: 'step'; readonly state: 'started' | 'done' | 'failed'; readonly title: string }
  /** Long work: `done` of `total` (unknown when undefined) in bytes or items. */
  | { readonly event: 'progress'; readonly title: string; readonly done: number; readonly total?: number; readonly unit: 'bytes' | 'items' }
  /** A part of the result as soon as it is known: a line for people, and the same as a value for programs. */
  | { readonly event: 'seen'; readonly text: string; readonly value: unknown }
  | { readonly event: 'log'; readonly level: 'info' | 'warning'; readonly text: string }

export type Report = (event: OperationEvent) => void

/** Reports the beginning and the end of one piece of work. */
export async function reported<T>(report: Report, title: string, work: () => Promise<T>): Promise<T> {
  report({ event: 'step', state: 'started', title })
  try {
    const result = await work()
    report({ event: 'step', state: 'done', title })
    return result
  } catch (error) {
    report({ event: 'step', state: 'failed', title })
    throw error
  }
}
