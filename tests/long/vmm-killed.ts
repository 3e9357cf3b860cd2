/**
 * Does a word to a machine and dies by SIGKILL before one of its changes of this computer.
 * Arguments: data directory, namespace, word, machine, number of the change from 0. Ends with status 0 when there are fewer.
 */
import { sleeperContext, sleeperParts, words, type Word } from './vmm-sleeper.ts'

const [directory = '', namespace = '', word = '', name = '', change = ''] = process.argv.slice(2)
let passed = 0

const context = await sleeperContext(directory, namespace, () => {
  if (passed === Number(change)) process.kill(process.pid, 'SIGKILL')
  passed += 1
})
await words[word as Word](context, sleeperParts(context), [name])
