/** The rooms of `imp`, loaded when one of their words is used. */
import type { Levels } from '@imp/kit/op/levels.ts'
import { room, type Registry } from '@imp/kit/op/registry.ts'
import type { ImpContext } from './context.ts'

/** First words of what `collections` derives from the schema, which is not loaded for any other word. */
const listWords = [
  'interfaces',
  'loopbacks',
  'bridges',
  'cross-connects',
  'routes',
  'policy-routes',
  'modules',
  'management',
  'bgp',
  'ospf',
  'ospf6',
  'nat',
  'nat64',
]
const sectionWords = ['management', 'bgp', 'ospf', 'ospf6', 'nat', 'nat64', 'container', 'cpu']

export const registry: Registry<ImpContext> = {
  program: 'imp',
  summary: 'turns a Debian machine into a router, from one router.json',
  rooms: [
    room('Configuration', ['schema', 'check', 'render'], () => import('./config/ops.ts')),
    room('Guided configuration', ['config', 'schema'], () => import('./wizard/ops.ts')),
    room('Candidate', ['set', 'delete', 'config', 'discard', 'diff', 'rebase'], () => import('./commit/edit/ops.ts')),
    room('Candidate as text', ['edit'], () => import('./commit/draft/ops.ts')),
    room('Commits', ['commit', 'confirm', 'rollback', 'history'], () => import('./commit/ops.ts')),
    room('Committed configurations', ['compare', 'config'], () => import('./commit/show/ops.ts')),
    room('Migration', ['config'], () => import('./migrate/ops.ts')),
    room('Router', ['plan', 'apply', 'recover', 'status', 'drift'], () => import('./pipeline/ops.ts')),
    room('Overrides', ['overrides'], () => import('./overrides/ops.ts')),
    room('Modules', ['modules'], () => import('./modules/ops.ts')),
    room('Modules in use', ['modules', 'module', 'show'], () => import('./modules/use/ops.ts')),
    room('Appliance', ['appliance'], () => import('./appliance/ops.ts')),
    room('Secrets', ['secret'], () => import('./secrets/ops.ts')),
    room('Looking', ['show'], () => import('./show/ops.ts')),
    room('Looking at routing', ['show'], () => import('./show/routing/ops.ts')),
    room('Looking into VPP', ['show'], () => import('./show/vpp/ops.ts')),
    room('NAT64', ['show'], () => import('./nat64/ops.ts')),
    room('Watching', ['monitor'], () => import('./monitor/ops.ts')),
    room('Traces', ['trace'], () => import('./trace/ops.ts')),
    room('Captures', ['capture'], () => import('./capture/ops.ts')),
    room('Shells', ['shell'], () => import('./shell/ops.ts')),
    room('Scheduled commits', ['schedule'], () => import('./commit/schedule/ops.ts')),
    room('NAT', ['nat'], () => import('./nat/ops.ts')),
    room('Lists of the candidate', listWords, () => import('./collections/ops.ts'), { brief: true }),
    room('Sections of the candidate', sectionWords, () => import('./collections/sections/ops.ts'), { brief: true }),
    room('Labs', ['lab'], () => import('./lab/ops.ts')),
  ],
}

/** Levels of a session in the candidate. */
export async function candidateLevels(): Promise<Levels<ImpContext>> {
  return (await import('./collections/levels/ops.ts')).levels
}
