/** The daemons of FRR that we use. */
export type FrrDaemon = 'zebra' | 'staticd' | 'bgpd' | 'ospfd' | 'ospf6d' | 'bfdd'
