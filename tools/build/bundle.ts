/** Bundles of the commands: one directory in which every room is a file of its own, loaded when one of its words is used. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild'
import { ownFilesOf, withBundledReferences, type OwnFile } from './own-files.ts'

const root = join(import.meta.dirname, '../..')
const packages = join(root, 'packages')

const ownReferences: Plugin = {
  name: 'own-references',
  setup(bundler) {
    bundler.onLoad({ filter: /\/packages\/\w+\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: withBundledReferences(packages, path),
      loader: 'ts',
    }))
  },
}

/** zod brings its messages in 50 languages; we speak one, which it loads apart. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup(bundler) {
    bundler.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {}' }))
  },
}

/**
 * Parts of Node.js, of which only the exports that are used are asked for: importing one makes Node.js evaluate all its exports, with
 * what those load only when somebody touches them.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  setup(bundler) {
    bundler.onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path, kind }) =>
      isBuiltin(path) ? { path, namespace: kind === 'require-call' ? 'required-builtin' : 'builtin' } : undefined,
    )
    bundler.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: exportsOf(path) }))
    bundler.onLoad({ filter: /./, namespace: 'required-builtin' }, ({ path }) => ({ contents: `module.exports = ${builtin(path)}` }))
  },
}

/** minijinja reads its WebAssembly from beside itself, where it is not in a bundle: it becomes part of the text. */
const wasmInside: Plugin = {
  name: 'wasm-inside',
  setup(bundler) {
    bundler.onLoad({ filter: /\/minijinja-js\/dist\/node\/minijinja_js\.js$/ }, ({ path }) => {
      const wasm = readFileSync(path.replace(/\.js$/, '_bg.wasm')).toString('base64')
      const text = readFileSync(path, 'utf8')
      const contents = text
        .replace(/^const path = require\('path'\).*$/m, '')
        .replace(/^const bytes = .*$/m, `const bytes = Buffer.from('${wasm}', 'base64')`)
      if (!contents.includes(wasm) || contents.includes('__dirname')) throw new Error(`${path} reads its WebAssembly in another way`)
      return { contents }
    })
  },
}

function builtin(path: string): string {
  return `process.getBuiltinModule(${JSON.stringify(path)})`
}

/** A module in which every export is asked for by itself, so that those that nobody uses are left out. */
function exportsOf(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => /^[a-z_$][\w$]*$/i.test(name) && name !== 'default')
  const exports = names.map((name) => `export const ${name} = /* @__PURE__ */ exportOf(${JSON.stringify(name)})`)
  const whole = `export default /* @__PURE__ */ (() => ${builtin(path)})()`
  return [`const exportOf = (name) => ${builtin(path)}[name]`, ...exports, whole].join('\n')
}

/** Options that make a small program of TypeScript sources as they stand. */
const common: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  outExtension: { '.js': '.mjs' },
  plugins: [ownReferences, oneLanguage, wasmInside, plainBuiltins],
  // zod asks it for the name of the browser, for which Node.js would load its threads.
  define: { navigator: 'undefined' },
  logLevel: 'warning',
  absWorkingDir: root,
}

/** Our sources that go into these programs. */
async function sourcesOf(programs: readonly OwnFile[]): Promise<string[]> {
  const { metafile } = await build({
    ...common,
    entryPoints: entryPoints(programs),
    outdir: root,
    splitting: true,
    write: false,
    metafile: true,
  })
  return Object.keys(metafile.inputs)
    .filter((path) => path.startsWith('packages/') && path.endsWith('.ts'))
    .map((path) => join(root, path))
}

function entryPoints(programs: readonly OwnFile[]): Record<string, string> {
  return Object.fromEntries(programs.map(({ name, source }) => [name, source]))
}

/** The commands, the programs that they start as processes of their own, what those start, and the other files that they name. */
async function neededFiles(): Promise<OwnFile[]> {
  const commands = ['imp', 'vmm'].map((name): OwnFile => ({ source: join(packages, name, 'src/main.ts'), name, program: true }))
  const found = new Map(commands.map((file) => [file.name, file]))
  for (let known = 0; known !== found.size;) {
    known = found.size
    const sources = await sourcesOf([...found.values()].filter((file) => file.program))
    for (const file of sources.flatMap((path) => ownFilesOf(packages, path))) found.set(file.name, file)
  }
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name))
}

/** Directories of the libraries that are part of a bundle. */
function librariesIn({ inputs }: Metafile): string[] {
  const names = Object.keys(inputs).map((path) => /^node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(path)?.[0])
  return [...new Set(names.filter((name) => name !== undefined))].toSorted().map((name) => join(root, name))
}

/**
 * Writes the bundles and the files that they need into a directory; the same sources give the same bytes. Returns the directories of the
 * libraries that they hold.
 */
export async function bundleCommands(directory: string): Promise<string[]> {
  const files = await neededFiles()
  const { metafile } = await build({
    ...common,
    metafile: true,
    entryPoints: entryPoints(files.filter((file) => file.program)),
    outdir: directory,
    splitting: true,
    chunkNames: 'part-[hash]',
  })
  for (const { source, name } of files.filter((file) => !file.program)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    cpSync(source, join(directory, name))
  }
  return librariesIn(metafile)
}

/** Writes one script of tools/ as a bundle. */
export async function bundleScript(source: string, file: string): Promise<void> {
  await build({ ...common, entryPoints: [source], outfile: file })
}

/** Version of the commands. */
export function version(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}
