/** Numbers of VPP's API that stand for something (VPP 25.06, the .api files that describe the messages). */

/** Every interface, every list; also "none" where one is asked for. */
export const all = 0xffff_ffff
/** if_status_flags */
export const up = 1
export const linkUp = 2
/** sub_if_flags */
export const oneTag = 2
export const twoTags = 4
export const dot1ad = 8
export const exactMatch = 16
/** Last port: a range from 0 to it is any. */
export const anyPort = 65_535
/** Infinite lifetime of an advertised prefix. */
export const infinite = 0xffff_ffff
/** nat_config_flags */
export const natOutside = 16
export const natInside = 32
/** ip_neighbor_flags */
export const staticNeighbour = 1
