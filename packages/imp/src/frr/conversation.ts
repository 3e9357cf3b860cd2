/** What a conversation with a daemon is, whichever way it goes. */

/** A command that the daemon refused. */
export interface Refused {
  /** Its place in the batch. */
  readonly at: number
  /** What kind of refusal it was. */
  readonly status: string
  /** The daemon's own words. */
  readonly text: string
  /** The daemon did not refuse but went away while it had the command. */
  readonly lost?: boolean
}

export interface Session {
  /** The answer to one command of enable mode; an `exec` fault when it is refused. */
  ask(command: string): Promise<string>
  /**
   * Sends commands of configuration mode as one batch. Returns the first that was refused; what came before it stands, and so may
   * entries of tables that were on their way behind it. `confidential` commands carry secrets, which must not touch a disk or an
   * argument vector on the way.
   */
  configure(commands: readonly string[], confidential?: boolean): Promise<Refused | undefined>
  close(): void
}
