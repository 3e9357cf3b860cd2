/** A network for tests. */
import type { BridgeSettings } from './model.ts'

export const sampleBridge: BridgeSettings = { bridge: 'vmm-br0', subnet: '172.16.0.0/16', gateway: '172.16.0.1' }
