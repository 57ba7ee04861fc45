import { expect, test } from 'vitest'
import { containerOf } from '../../lib/holders/container.js'

const ID = '0123456789abcdef'.repeat(4)

test.each([
  ['Docker, version 1', `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`, ID],
  ['Docker, with systemd', `0::/system.slice/docker-${ID}.scope\n`, ID],
  ['a process below', `0::/system.slice/docker-${ID}.scope/init\n`, ID],
  [
    'Podman',
    `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container\n`,
    ID,
  ],
  ['Kubernetes', `0::/kubepods/burstable/pod1f2e/${ID}\n`, ID],
  [
    'Kubernetes, with systemd',
    `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope\n`,
    ID,
  ],
  ['LXC', '0::/lxc.payload.web/system.slice\n', 'web'],
  ['LXC, version 1', '5:memory:/lxc/web\n', 'web'],
  ['systemd-nspawn', '0::/machine.slice/machine-web.scope/payload\n', 'web'],
])('%s', (_, cgroup, container) => {
  expect(containerOf(cgroup)).toBe(container)
})

test.each([
  ['no control group', '0::/\n'],
  ['a service', '0::/system.slice/nginx.service\n'],
  ['the engine itself', '0::/system.slice/docker.service\n'],
  ['a terminal', '0::/user.slice/user-1000.slice/session-2.scope\n'],
])('%s is no container', (_, cgroup) => {
  expect(containerOf(cgroup)).toBeUndefined()
})
