/** Says of enabled modules that nothing starts their processes: who reads a configuration must not believe that they work. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'

const reasons = {
  linux: { message: 'is not started: modules are processes of VPP, and the dataplane is linux', hint: 'set enabled false' },
  vpp: {
    message: 'is not started: imp checks modules and renders their commands, and leaves their processes to you',
    hint: 'imp modules render shows the commands of its VPP; set enabled false when it does not run',
  },
} as const

/** A warning for each enabled module. Pure. */
export function checkStarted(config: RouterConfig): Finding[] {
  return config.modules.flatMap(({ name, enabled }, index): Finding[] =>
    enabled ? [{ path: `modules[${index}].name`, severity: 'warning', value: name, ...reasons[config.dataplane] }] : [],
  )
}
