/**
 * What must be known of VPP's API before VPP has described it: the module memclnt, which it leaves out of its description
 * (VPP, src/vlibmemory/memclnt.api).
 */
import type { Modules } from './description.ts'

/** Number of the hello message; it is the same in every VPP. */
export const helloNumber = 15
export const helloReplyNumber = 16

export const memclnt: Modules = [
  {
    types: [['message_table_entry', ['u16', 'index'], ['string', 'name', 64]]],
    messages: [
      ['sockclnt_create', ['u32', 'context'], ['string', 'name', 64], { crc: '0x455fb9c4' }],
      [
        'sockclnt_create_reply',
        ['u32', 'client_index'],
        ['u32', 'context'],
        ['i32', 'response'],
        ['u32', 'index'],
        ['u16', 'count'],
        ['vl_api_message_table_entry_t', 'message_table', 0, 'count'],
        { crc: '0x35166268' },
      ],
      ['sockclnt_delete', ['u32', 'client_index'], ['u32', 'context'], ['u32', 'index'], { crc: '0x8ac76db6' }],
      ['sockclnt_delete_reply', ['u32', 'context'], ['i32', 'response'], { crc: '0x8f38b1ee' }],
      ['get_api_json', ['u32', 'client_index'], ['u32', 'context'], { crc: '0x51077d14' }],
      ['get_api_json_reply', ['u32', 'context'], ['i32', 'retval'], ['string', 'json', 0], { crc: '0xea715b59' }],
      ['control_ping', ['u32', 'client_index'], ['u32', 'context'], { crc: '0x51077d14' }],
      ['control_ping_reply', ['u32', 'context'], ['i32', 'retval'], ['u32', 'client_index'], ['u32', 'vpe_pid'], { crc: '0xf6b0b8ca' }],
    ],
    services: {
      sockclnt_delete: { reply: 'sockclnt_delete_reply' },
      get_api_json: { reply: 'get_api_json_reply' },
      control_ping: { reply: 'control_ping_reply' },
    },
  },
]
