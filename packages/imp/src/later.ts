/** Words of what `imp` will do and does not yet, each with what it is called: a session says so instead of not knowing them. */
export const later: Readonly<Record<string, string>> = {
  snapshot: 'snapshots of the system',
  image: 'images of the system',
  containers: 'containers',
  agent: 'agent',
}
