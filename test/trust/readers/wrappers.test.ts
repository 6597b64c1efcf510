import assert from "node:assert/strict";
import { sayText } from "../../support/pieces.ts";

/** Each line starts `kubelet --a`, whatever stands before it. */
const readThrough = `
kubelet --a
exec kubelet --a
env A=b kubelet --a
env -u A -i kubelet --a
nice -n 5 kubelet --a
ionice -c 2 -n 0 kubelet --a
nsenter -t 1 -m -- /usr/bin/kubelet --a
chroot /host /usr/bin/kubelet --a
timeout -k 5 10s kubelet --a
stdbuf -oL kubelet --a
unshare -m kubelet --a
ip netns exec blue kubelet --a
flock /run/lock kubelet --a
flock -n /run/lock -c "kubelet --a"
s6-setuidgid root kubelet --a
catatonit -- kubelet --a
/sbin/tini -s -- kubelet --a
dumb-init kubelet --a
sudo -u root kubelet --a
su - root -c "kubelet --a"
systemd-run --unit kubelet --scope kubelet --a
docker run --name kubelet --rm -v /a:/b reg.example:5000/x/kubelet:v1 kubelet --a
docker run --rm reg.example/kubelet:v1.37.2 --a
podman run --rm reg.example/hyperkube:v1.37.2 kubelet --a
nerdctl run image /hyperkube kubelet --a
ctr -n k8s.io run --net-host reg.example/kubelet:v1 id kubelet --a
sh -c '"$0" "$@"' kubelet --a
sh -c 'exec "$@"' _ kubelet --a
sh -c "exec kubelet --a"
docker run image sh -c "kubelet --a"
busybox nice kubelet --a
busybox sh -c 'kubelet --a'
hyperkube kubelet --a
setpriv --reuid 0 kubelet --a
nohup setsid kubelet --a &
time kubelet --a
numactl --interleave all kubelet --a
exec -a kubelet /usr/bin/kubelet --a
kubelet-1.30 --a
/opt/kubelet-v1.37.2 --a
kubelet-amd64 --a
kubelet.exe --a
'C:\\k\\kubelet.exe' --a
if true; then exec kubelet --a; fi
for i in 1; do kubelet --a; done
(kubelet --a)
{ kubelet --a; }
ARGS=(--a); kubelet "\${ARGS[@]}"
set -- kubelet --a; exec "$@"
X=--; X+=a; kubelet $X
`;

describe("a program behind a wrapper", () => {
  for (const line of readThrough.trim().split("\n")) {
    it(`is found: ${line}`, () => {
      assert.deepEqual(sayText(`#!/bin/sh\n${line}\n`), ["kubelet --a"]);
    });
  }

  it("is found behind one that is not known, and this is noted", () => {
    const [program, note] = sayText(
      "#!/bin/sh\n/usr/local/bin/netns-wrapper /usr/bin/kubelet --a\n",
    );
    assert.equal(program, "kubelet --a");
    assert.match(note ?? "", /^noted: what "\/usr\/local\/bin\/netns-wrapper" does/);
  });

  it("gets arguments that nobody sees behind xargs", () => {
    assert.deepEqual(sayText("#!/bin/sh\necho --x | xargs kubelet --a\n"), [
      "kubelet --a <the arguments that xargs reads>",
    ]);
  });

  for (const line of [
    "mystery kubelet",
    `\${KUBELET_BIN} --config=/x`,
    "$(which kubelet) --config=/x",
    "/etc/eks/bootstrap.sh name --kubelet-extra-args '--tls-cert-file=/x'",
  ]) {
    it(`is undecidable where its flags are not found: ${line}`, () => {
      const said = sayText(`#!/bin/sh\n${line}\n`);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", /^undecidable: /);
    });
  }

  it("is not started by commands that only name it", () => {
    const lines = [
      "systemctl restart kubelet",
      "apt-get install -y kubelet kubeadm kubectl",
      "command -v kubelet",
      "install -m 755 kubelet /usr/bin/kubelet",
      "journalctl -u kubelet",
      "kubelet --version",
      "pkill kubelet",
    ];
    assert.deepEqual(sayText(`#!/bin/sh\n${lines.join("\n")}\n`), []);
  });
});
