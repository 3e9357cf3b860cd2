import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { drawGraph, drawings, graphOf } from './graph.ts'
import { Topology } from './model.ts'

const graph = graphOf(
  Topology.parse({
    name: 'demo',
    topology: {
      nodes: {
        'edge-1': { kind: 'router', 'startup-config': 'edge.json' },
        client: { kind: 'host' },
        guest: { kind: 'microvm' },
      },
      links: [{ endpoints: ['edge-1:lan1', 'client:eth1'], delay: '5ms', loss: '1%' }, { endpoints: ['edge-1:lan2', 'guest:eth1'] }],
    },
  }),
)

const expected = {
  text: `lab demo

edge-1 (router)
  lan1  ──  client:eth1  delay 5ms, loss 1%
  lan2  ──  guest:eth1

client (host)
  eth1  ──  edge-1:lan1  delay 5ms, loss 1%

guest (microvm)
  eth1  ──  edge-1:lan2`,
  mermaid: `flowchart LR
  n_edge_1(["edge-1<br/>router"])
  n_client["client<br/>host"]
  n_guest[["guest<br/>microvm"]]
  n_edge_1 ---|"lan1 - eth1<br/>delay 5ms, loss 1%"| n_client
  n_edge_1 ---|"lan2 - eth1"| n_guest`,
  dot: `graph "demo" {
  "edge-1" [label="edge-1\\nrouter", shape=ellipse]
  "client" [label="client\\nhost", shape=box]
  "guest" [label="guest\\nmicrovm", shape=box3d]
  "edge-1" -- "client" [taillabel="lan1", headlabel="eth1", label="delay 5ms, loss 1%"]
  "edge-1" -- "guest" [taillabel="lan2", headlabel="eth1"]
}`,
}

suite('drawings of a topology', () => {
  for (const drawing of drawings) test(drawing, () => assert.equal(drawGraph(graph, drawing), expected[drawing]))
})
