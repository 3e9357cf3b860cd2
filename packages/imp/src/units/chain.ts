/**
 * The start chain of the appliance, every unit of it static: an image brings them enabled, and whether one has anything to do is asked
 * when its turn comes (Condition...=), after the first of them has written the files of the committed configuration. So the very first
 * boot of a new image forwards, which it could not if units were written or enabled while systemd is under way already.
 */
import { instanceFiles, instanceUnit, places, type VppInstance } from '../appliance/model.ts'
import type { Settings, Unit } from './model.ts'

const { program, scripts, vpp } = places
const configured = places.configuration
const namespace = `/run/netns/${places.namespace}`
const enabled: Settings = { WantedBy: 'multi-user.target' }

/** A command that does something once; the unit counts as active from then on, so that others can depend on it. */
function once(commands: string | readonly string[], timeout = '2min'): Settings {
  return { Type: 'oneshot', RemainAfterExit: 'yes', ExecStart: commands, TimeoutStartSec: timeout }
}

const generate: Unit = {
  name: 'imp-generate.service',
  Unit: {
    Description: 'Write the files of the committed router configuration',
    // Early: networkd must find its files, and no other unit of the chain may be looked at before. Cards are waited for by the command.
    DefaultDependencies: 'no',
    RequiresMountsFor: '/persistent/config /etc /usr/local/bin',
    After: 'local-fs.target systemd-udevd.service',
    Before: 'sysinit.target network-pre.target systemd-networkd.service netns-dataplane.service shutdown.target',
    Conflicts: 'shutdown.target',
    Wants: 'network-pre.target',
    ConditionPathExists: configured,
  },
  Service: once(`${program} appliance generate`),
  Install: enabled,
}

const namespaceUnit: Unit = {
  name: 'netns-dataplane.service',
  Unit: {
    Description: 'Network namespace of the dataplane',
    DefaultDependencies: 'no',
    After: 'imp-generate.service systemd-sysctl.service',
    Wants: 'imp-generate.service',
    Before: 'network-pre.target shutdown.target',
    Conflicts: 'shutdown.target',
    ConditionPathExists: configured,
  },
  // The namespace has a name and lives as long as that: no stop takes it away from VPP and FRR, and a second start finds it.
  Service: once(scripts.namespace),
  Install: enabled,
}

const moveInterfaces: Unit = {
  name: 'netns-move-interfaces.service',
  Unit: {
    Description: 'Network cards of the dataplane move into its namespace',
    DefaultDependencies: 'no',
    Requires: 'netns-dataplane.service',
    After: 'netns-dataplane.service',
    // Before networkd could ask for addresses on them.
    Before: 'network-pre.target systemd-networkd.service shutdown.target',
    Conflicts: 'shutdown.target',
    ConditionPathExists: [configured, scripts.moveInterfaces],
  },
  Service: once(scripts.moveInterfaces),
  Install: enabled,
}

function vppService(instance: VppInstance): Settings {
  const { startup } = instanceFiles(instance)
  return {
    Type: 'simple',
    NetworkNamespacePath: namespace,
    RuntimeDirectory: 'vpp',
    // All processes have their sockets there.
    RuntimeDirectoryPreserve: 'yes',
    LogsDirectory: 'vpp',
    ExecStartPre: ['-/sbin/modprobe vfio-pci', '-/sbin/modprobe uio_pci_generic'],
    ExecStart: `/usr/bin/vpp -c ${startup}`,
    // VPP ends with status 0 after some of its errors: whether it runs is judged by its socket, and any end is a failure.
    // The core process forwards what it can when a line is refused; its configuration has a unit that says so.
    ExecStartPost: [
      `${scripts.waitForVpp} ${instance}`,
      instance === 'core' ? `-${scripts.coreConfig}` : `${program} appliance load ${instance}`,
    ],
    Restart: 'always',
    RestartSec: '2s',
    // A machine without hardware virtualisation took all of two minutes for a hundred translations.
    TimeoutStartSec: '5min',
    LimitCORE: 'infinity',
    OOMScoreAdjust: '-900',
  }
}

const vppCore: Unit = {
  name: 'vpp-core.service',
  Unit: {
    Description: 'VPP, forwarding',
    Requires: 'netns-dataplane.service',
    // Nothing that requires it in turn: each restart of a VPP that does not come up would queue both anew, and the boot would wait for ever.
    Wants: 'netns-move-interfaces.service',
    After: 'netns-dataplane.service netns-move-interfaces.service',
    // The package brings a unit that would take the same cards.
    Conflicts: 'vpp.service',
    ConditionPathExists: vpp.core.startup,
    StartLimitIntervalSec: '0',
  },
  Service: vppService('core'),
  Install: enabled,
}

const vppCoreConfig: Unit = {
  name: 'vpp-core-config.service',
  Unit: {
    Description: 'Committed configuration of VPP, forwarding',
    Requires: 'vpp-core.service',
    // After a crash of VPP it is started again with it: nothing that VPP knew survives it.
    PartOf: 'vpp-core.service',
    After: 'vpp-core.service',
    ConditionPathExists: [vpp.core.startup, scripts.coreConfig],
  },
  Service: once(scripts.coreConfig),
  Install: enabled,
}

/** A process beside the core, which brings its own configuration: its unit is active when it has all of it. */
function besideCore(instance: VppInstance, description: string): Unit {
  return {
    name: instanceUnit(instance),
    Unit: {
      Description: description,
      Requires: 'netns-dataplane.service',
      After: 'netns-dataplane.service vpp-core.service vpp-core-config.service',
      ConditionPathExists: instanceFiles(instance).startup,
      StartLimitIntervalSec: '0',
    },
    Service: vppService(instance),
    Install: enabled,
  }
}

const vppNat: Unit = besideCore('nat', 'VPP, deterministic NAT')

/**
 * The unit of a process that a configuration asks for: not a part of the static chain, and so it says itself before whom it starts. On the
 * first boot with it systemd does not know it yet; `imp appliance start` at the end of the chain starts it then.
 */
export function instanceUnitFor(instance: VppInstance): Unit {
  const unit = besideCore(instance, `VPP, ${instance}`)
  return { ...unit, Unit: { ...unit.Unit, Before: 'frr.service imp-recover.service imp-apply.service' } }
}

const frr: Unit = {
  name: 'frr.service',
  dropIn: 'after-vpp.conf',
  Unit: {
    // Its daemons look for the Linux twins of VPP's interfaces, and join the namespace by name.
    Requires: 'netns-dataplane.service',
    Wants: 'netns-move-interfaces.service vpp-core-config.service vpp-nat.service',
    After:
      'imp-generate.service netns-dataplane.service netns-move-interfaces.service vpp-core.service vpp-core-config.service vpp-nat.service',
    ConditionPathExists: configured,
  },
}

/** Told what to do by the change that brings NAT64, which starts it; from then on systemd keeps it running. */
const translator: Unit = {
  name: places.translator.unit,
  Unit: {
    Description: 'NAT64 of the Linux dataplane',
    Requires: 'netns-dataplane.service',
    After: 'netns-dataplane.service',
    // The package brings a unit that would take the link in the namespace of the machine.
    Conflicts: 'tayga.service',
    ConditionPathExists: [configured, `${places.translator.directory}/tayga.conf`],
    StartLimitIntervalSec: '0',
  },
  Service: {
    Type: 'simple',
    NetworkNamespacePath: namespace,
    ExecStart: `/usr/sbin/tayga --nodetach -c ${places.translator.directory}/tayga.conf -u nobody -g nogroup -r`,
    Restart: 'always',
    RestartSec: '1s',
  },
  Install: enabled,
}

const recover: Unit = {
  name: 'imp-recover.service',
  Unit: {
    Description: 'Changes of the router that were under way when the machine went down',
    After: 'imp-generate.service netns-move-interfaces.service vpp-core-config.service vpp-nat.service frr.service',
    Wants: 'frr.service',
    ConditionPathExists: configured,
  },
  Service: once(`${program} recover`, '10min'),
  Install: enabled,
}

const apply: Unit = {
  name: 'imp-apply.service',
  Unit: {
    Description: 'Committed router configuration',
    After: 'imp-recover.service vpp-core.service vpp-core-config.service vpp-nat.service frr.service',
    Wants: 'imp-recover.service frr.service',
    ConditionPathExists: configured,
  },
  Service: once(`${program} appliance start`, '10min'),
  Install: enabled,
}

const confirmService: Unit = {
  name: 'imp-confirm.service',
  Unit: {
    Description: 'Commits that nobody confirmed in time',
    After: 'imp-apply.service',
    ConditionPathExists: configured,
  },
  // 6: somebody is at work on the router, and will see to it.
  Service: { Type: 'oneshot', ExecStart: `${program} recover`, TimeoutStartSec: '10min', SuccessExitStatus: '6' },
}

/** A commit has a process of its own that takes it back; the timer is there for the case that this process was ended as well. */
const confirmTimer: Unit = {
  name: 'imp-confirm.timer',
  Unit: { Description: 'Look for commits that nobody confirmed in time', ConditionPathExists: configured },
  Timer: { OnBootSec: '2min', OnUnitInactiveSec: '1min', AccuracySec: '10s' },
  Install: { WantedBy: 'timers.target' },
}

const incusInit: Unit = {
  name: 'incus-init.service',
  Unit: {
    Description: 'Network and storage of the containers',
    Requires: 'incus.service',
    After: 'imp-generate.service incus.service',
    ConditionPathExists: scripts.incusInit,
  },
  Service: once(scripts.incusInit),
  Install: enabled,
}

const incusDataplane: Unit = {
  name: 'incus-dataplane.service',
  Unit: {
    Description: 'Link between the containers and the dataplane',
    Requires: 'netns-dataplane.service incus-init.service',
    // VPP forgets the link when it starts anew.
    PartOf: 'vpp-core.service',
    After:
      'netns-dataplane.service vpp-core.service vpp-core-config.service vpp-nat.service frr.service imp-apply.service incus-init.service',
    ConditionPathExists: scripts.incusNetworking,
  },
  Service: once(scripts.incusNetworking),
  Install: enabled,
}

/** Every unit of the appliance, in the order of the chain. */
export const units: readonly Unit[] = [
  generate,
  namespaceUnit,
  moveInterfaces,
  vppCore,
  vppCoreConfig,
  vppNat,
  translator,
  frr,
  recover,
  apply,
  confirmService,
  confirmTimer,
  incusInit,
  incusDataplane,
]

/** Units that an image enables, drop-ins and services of timers apart; with those of packages that the chain needs. */
export const enabledUnits: readonly string[] = [
  ...units.filter(({ Install }) => Install !== undefined).map(({ name }) => name),
  'frr.service',
  'systemd-networkd.service',
  'systemd-resolved.service',
]

/** Units of packages that would fight with the chain for cards. */
export const maskedUnits: readonly string[] = ['vpp.service', 'tayga.service']
