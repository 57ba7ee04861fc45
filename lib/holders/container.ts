// Reads the container of a process from the text of its /proc/PID/cgroup (cgroups(7)).

/**
 * The forms of a control group that container engines create, as the last part of its path or the part before. Each
 * has the id or the name of the container.
 * - docker, containerd, CRI-O and Podman with systemd: `docker-ID.scope` (runc, libcontainer/cgroups/systemd)
 * - the same without systemd: `/docker/ID`, `/kubepods/.../ID`, `/libpod_parent/libpod-ID`
 * - LXC and LXD: `/lxc/NAME`, `/lxc.payload.NAME` (lxc.container.conf(5))
 * - systemd-nspawn: `machine-NAME.scope` (systemd-nspawn(1))
 */
const FORMS = [
  /\/(?:docker|cri-containerd|crio|libpod)-([\da-f]{64})(?:\.scope)?(?:\/|$)/m,
  /\/(?:docker|kubepods[^\n]*)\/([\da-f]{64})(?:\/|$)/m,
  /\/lxc(?:\/|\.payload\.)([^/\n]+)/,
  /\/machine-([^/\n]+)\.scope/,
]

/** The id or the name of the container; undefined if the control group is not one of a container. */
export function containerOf(cgroup: string): string | undefined {
  for (const form of FORMS) {
    const found = form.exec(cgroup)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
