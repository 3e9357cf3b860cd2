/** Images as people see them. */
import { table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import type { Image } from './model.ts'
import { recipeFor, recipes } from './recipe.ts'
import type { Start } from './start.ts'

/** What runs in a guest, in words. */
export function describeStart(start: Start | undefined): string {
  if (start === undefined) return 'its init, or that of vmm where it has none'
  if (start.kind === 'init') return `its own init, ${start.program}`
  if (start.kind === 'ssh') return 'the init of vmm: ssh and a shell on the console'
  const { words, uid, gid, directory } = start.command
  return `the init of vmm runs ${words.join(' ')} as ${uid}:${gid} in ${directory}`
}

function origin({ recipe, release, source, sourceDigest, architecture }: Image): string[][] {
  if (recipe === undefined) {
    return [['source', source ?? '-'], ...(sourceDigest === undefined ? [] : [['manifest', sourceDigest]]), ['architecture', architecture]]
  }
  return [
    ['recipe', `${recipe}: ${recipes[recipeFor(recipe)].summary}`],
    ['release', `${release} ${architecture}`],
  ]
}

export function viewImage(image: Image): string {
  const rows = [
    ['name', image.name],
    ...origin(image),
    ['starts', describeStart(image.start)],
    ['packages', String(image.packages.length)],
    ['size', formatBytes(image.size)],
    ['digest', `sha256:${image.digest}`],
    ['created', image.created],
  ]
  return table(rows).join('\n')
}

export function viewImages(all: readonly Image[]): string {
  const rows = all.map(({ name, recipe, release, source, packages, size, created }) => [
    name,
    recipe === undefined ? (source ?? '-') : `${recipe} ${release}`,
    String(packages.length),
    formatBytes(size),
    created,
  ])
  return table([['NAME', 'FROM', 'PACKAGES', 'SIZE', 'CREATED'], ...rows]).join('\n')
}
