/** An identity for tests; its key was made for them and opens nothing. */
import type { GuestIdentity } from './identity.ts'

const hostKey = [
  '-----BEGIN OPENSSH PRIVATE KEY-----',
  'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW',
  'QyNTUxOQAAACCxyL6WeEhSe9MX3acQtDJWskIeSFEelJLRpu7pWwUL0wAAAIg/3XYeP912',
  'HgAAAAtzc2gtZWQyNTUxOQAAACCxyL6WeEhSe9MX3acQtDJWskIeSFEelJLRpu7pWwUL0w',
  'AAAEDNO1EwRwlhkA58soZujEYfGk5jMhShFFotayiyhbZl9rHIvpZ4SFJ70xfdpxC0Mlay',
  'Qh5IUR6UktGm7ulbBQvTAAAABHRlc3QB',
  '-----END OPENSSH PRIVATE KEY-----',
  '',
].join('\n')

export const sampleHostKey = {
  private: hostKey,
  public: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILHIvpZ4SFJ70xfdpxC0MlayQh5IUR6UktGm7ulbBQvT',
} as const

export const sampleIdentity: GuestIdentity = {
  hostname: 'web1.example.net',
  machineId: '0123456789abcdef0123456789abcdef',
  authorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq0 admin@example.net'],
  hostKey,
  nameservers: ['192.0.2.53', '2001:db8::53'],
  interfaces: [
    { mac: '06:00:c0:00:02:05', name: 'eth0', addresses: ['192.0.2.5/24', '2001:db8::5/64'], gateways: ['192.0.2.1', '2001:db8::1'] },
    { mac: '06:00:c6:33:64:05', name: 'eth1', addresses: ['198.51.100.5/32'], gateways: [] },
    { mac: '06:00:00:00:00:07', name: 'lan', addresses: [], gateways: [] },
  ],
  mounts: [{ label: 'vmm-mount-1', tag: 'code', readOnly: true }],
}
