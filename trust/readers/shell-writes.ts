/** Files that shell commands put in place or change, as far as their words tell. */
import { isAboveKubernetes, isOfKubernetes } from "./host-paths.ts";
import { baseName, isProgram } from "./program-names.ts";
import { textOf, type Word } from "./word.ts";

/** A file or folder that a command may write. */
export type Write = {
  /** As it is written; a relative path is below the folder that the script is in. */
  readonly to: string;
  /** The file whose content it gets; absent where that comes from outside the script, or is made from the old one. */
  readonly from?: string;
  /** What the content is taken from, where it is no file of the machine: a URL, an archive. */
  readonly source?: string;
};

/** What the program `name` with the words `rest` writes. Words that are unknown name no file. */
export function writesOf(name: string, rest: readonly Word[]): readonly Write[] {
  const own = knownWrites(name, rest);
  if (own) return own;
  return looksOnly.has(name) || /^[./~$*-]/.test(name) ? [] : mentioned(ownWords(rest));
}

/** Behind a program that this one only starts are words of that program: what it reads is not written. */
function ownWords(rest: readonly Word[]): readonly string[] {
  const texts = rest.map(textOf);
  const at = texts.findIndex((text) => isProgram(baseName(text)));
  return at < 0 ? texts : texts.slice(0, at);
}

/** The same, of programs that are known to write; `undefined` for any other. */
export function knownWrites(name: string, rest: readonly Word[]): readonly Write[] | undefined {
  if (!Object.hasOwn(programs, name)) return undefined;
  const texts = rest.map((word) => (word.kind === "unknownWords" ? unknownWords : textOf(word)));
  return programs[name]?.(texts).filter(({ to }) => to !== unknownWords);
}

/** Stands for any number of words: what is copied is not known then, and where to is. */
const unknownWords = "$*";

/** Options with the words that they take, and the words that are no option. */
type Read = { readonly operands: readonly string[]; readonly values: (name: RegExp) => string[] };

/**
 * @param valued options that take the next word
 */
function options(texts: readonly string[], valued: RegExp): Read {
  const operands: string[] = [];
  const given: [string, string][] = [];
  for (let at = 0; at < texts.length; at += 1) {
    const text = texts[at] ?? "";
    const joined = /^(--[\w-]+)=(.*)$/s.exec(text);
    if (joined) given.push([joined[1] ?? "", joined[2] ?? ""]);
    else if (text !== "-" && text.startsWith("-") && valued.test(text)) {
      at += 1;
      given.push([text, texts[at] ?? ""]);
    } else if (text === "--") {
      operands.push(...texts.slice(at + 1));
      break;
    } else if (text !== "-" && text.startsWith("-")) given.push([text, ""]);
    else if (text !== "") operands.push(text);
  }
  return {
    operands,
    values: (name) => given.flatMap(([key, value]) => (name.test(key) ? [value] : [])),
  };
}

function lastPart(path: string): string {
  return (
    path
      .replace(/[?#].*$/, "")
      .replace(/\/+$/, "")
      .split("/")
      .at(-1) ?? ""
  );
}

function within(folder: string | undefined, name: string): string {
  return folder === undefined || folder === "" ? name : `${folder.replace(/\/+$/, "")}/${name}`;
}

/** Something of another machine, or of a store: no path here. */
function isRemote(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[\w.@{}$-]+:/.test(text);
}

type Program = (texts: readonly string[]) => readonly Write[];

/** `cp`, `mv`, `install`, `ln`: files, and where they go. */
function copier(valued: RegExp, makesFolders?: RegExp): Program {
  return (texts) => {
    const { operands: all, values } = options(texts, valued);
    if (makesFolders && texts.some((text) => makesFolders.test(text))) return [];
    const operands = [...all];
    const folder = values(/^(-\w*t|--target-directory)$/).at(-1);
    const to = folder ?? (operands.length > 1 ? operands.pop() : undefined);
    if (!to || operands.includes("/dev/stdin")) return [];
    const isFolder = folder !== undefined || to.endsWith("/") || operands.length > 1;
    return operands.map((from) => ({ from, to: isFolder ? within(to, lastPart(from)) : to }));
  };
}

/** Programs whose last word says where everything goes: `rsync`, `scp`, `aws s3 cp`. */
function lastIsTarget(valued: RegExp, verbs?: RegExp): Program {
  return (texts) => {
    const { operands } = options(texts, valued);
    const at = verbs ? operands.findIndex((one) => verbs.test(one)) : -1;
    if (verbs && at < 0) return [];
    const names = operands.slice(at + 1);
    const to = names.at(-1);
    if (names.length < 2 || to === undefined || isRemote(to)) return [];
    return names.slice(0, -1).map((source) => {
      const target = to.endsWith("/") && !source.endsWith("/") ? within(to, lastPart(source)) : to;
      return { to: isAboveKubernetes(to) ? to : target, source };
    });
  };
}

/** Programs that name what they write behind an option. */
function named(valued: RegExp, output: RegExp): Program {
  return (texts) =>
    options(texts, valued)
      .values(output)
      .flatMap((to) => (to === "" ? [] : [{ to }]));
}

/** Programs that change the files that they name, where an option says so. */
function inPlace(option: RegExp): Program {
  return (texts) =>
    texts.some((text) => option.test(text))
      ? texts.flatMap((to) =>
          /^[./~$]|\.(ya?ml|json|conf|env|service)$/.test(to) && !/[\s;]/.test(to) ? [{ to }] : [],
        )
      : [];
}

const curl: Program = (texts) => {
  const { operands, values } = options(
    texts,
    /^(-[A-Za-z]*[oHXduAeFTKbcmwrxyYzECtPQ]|--(output|output-dir|header|request|data\S*|user|user-agent|referer|form|upload-file|config|cookie\S*|max-time|connect-timeout|retry\S*|write-out|proxy\S*|cacert|capath|cert|key|range|url))$/,
  );
  const folder = values(/^--output-dir$/).at(-1);
  const files = values(/^(-[A-Za-z]*o|--output)$/).filter((to) => to !== "-" && to !== "");
  const isNamed = texts.some((text) => /^(-[A-Za-z]*O[A-Za-z]*|--remote-name(-all)?)$/.test(text));
  const urls = [...operands, ...values(/^--url$/)];
  return [
    ...files.map((to) => ({ to: within(folder, to), ...(urls[0] && { source: urls[0] }) })),
    ...(isNamed ? urls.map((url) => ({ to: within(folder, lastPart(url)), source: url })) : []),
  ];
};

const wget: Program = (texts) => {
  const { operands, values } = options(
    texts,
    /^(-[A-Za-z]*[OPoaUtTBeiQ]|--(output-document|directory-prefix|output-file|append-output|header|user|password|user-agent|tries|timeout|post-data|ca-certificate|certificate|private-key))$/,
  );
  const joined = texts.flatMap((text) => /^-[A-Za-z]*O(.+)$/.exec(text)?.[1] ?? []);
  const files = [...values(/^(-[A-Za-z]*O|--output-document)$/), ...joined];
  const folder = values(/^(-[A-Za-z]*P|--directory-prefix)$/).at(-1);
  const source = operands[0];
  if (files.length > 0) {
    return files.flatMap((to) =>
      to === "-" || to === "" ? [] : [{ to, ...(source && { source }) }],
    );
  }
  return operands.map((url) => ({ to: within(folder, lastPart(url)), source: url }));
};

/** Unpacking, with the folder that it goes to; packing writes an archive, which nobody reads as it is. */
const tar: Program = (texts) => {
  const isUnpacking =
    /^-?[A-Za-z]*x/.test(texts[0] ?? "") ||
    texts.some((text) => /^(-[A-Za-z]*x[A-Za-z]*|--extract|--get)$/.test(text));
  if (!isUnpacking) return [];
  const folder = texts.flatMap((text, at) =>
    /^(-[A-Za-z]*C|--directory)$/.test(text) || (at === 0 && /^[A-Za-z]*C[A-Za-z]*$/.test(text))
      ? (texts.slice(at + 1).find((one) => one.startsWith("/")) ?? [])
      : (/^(?:--directory=|-C)(.+)$/.exec(text)?.[1] ?? []),
  )[0];
  const source = texts.find((text) =>
    /\.(tar|tgz|tbz|txz|tar\.\w+)$|^[$\w./{}-]+\.t?gz$/.test(text),
  );
  return [{ to: folder ?? ".", ...(source !== undefined && { source }) }];
};

/** Another file system over a folder, or a file over a file: what propagates mounts, and a folder over itself, is none. */
const mount: Program = (texts) => {
  const { operands, values } = options(
    texts,
    /^(-[A-Za-z]*[toLUOTN]|--(types|options|label|uuid|source|target|target-prefix|fstab|namespace))$/,
  );
  const isSame = operands.length > 1 && operands.at(-1) === operands.at(-2);
  const isOther = texts.some((text) => /^--make-|^(?:-\w*[lahV]|--all)$/.test(text));
  if (isSame || isOther || values(/^(-\w*o|--options)$/).some((one) => /\bremount\b/.test(one)))
    return [];
  const to = values(/^--target$/)[0] ?? operands.at(-1);
  const source = values(/^--source$/)[0] ?? operands.at(-2);
  return to === undefined ? [] : [{ to, ...(source !== undefined && { source }) }];
};

/** Unpacking into a folder that an option names, else into the one that the script is in. */
function unpacker(isUnpacking: RegExp, folder: RegExp): Program {
  return (texts) => {
    if (!texts.some((text) => isUnpacking.test(text))) return [];
    const joined = texts.flatMap((text) => /^-[oD](\/.+)$/.exec(text)?.[1] ?? []);
    const { operands, values } = options(texts, folder);
    const [to = "."] = [...values(folder), ...joined];
    const source = operands.find((one) => !isUnpacking.test(one));
    return [{ to, ...(source !== undefined && { source }) }];
  };
}

const unzip: Program = (texts) => {
  const { operands, values } = options(texts, /^-d$/);
  return [{ to: values(/^-d$/)[0] ?? ".", ...(operands[0] && { source: operands[0] }) }];
};

/** Whatever changes the files of a working tree: of a clone a new one, else the one that the command stands in. */
const git: Program = (texts) => {
  const { operands, values } = options(
    texts,
    /^(-C|-c|-b|--branch|--depth|--git-dir|--work-tree)$/,
  );
  const [verb = "", source, to] = operands;
  const folder = values(/^--work-tree$/)[0] ?? values(/^-C$/)[0];
  if (verb === "clone" && source !== undefined) {
    const name = to ?? lastPart(source).replace(/\.git$/, "");
    return [{ to: name.startsWith("/") ? name : within(folder, name), source }];
  }
  return /^(pull|checkout|switch|reset|restore|merge|rebase|apply|am|stash|submodule)$/.test(verb)
    ? [{ to: folder ?? "." }]
    : [];
};

/**
 * `systemctl edit UNIT` opens an editor, a unit that is linked or enabled by its path gets into its place, and others put
 * files before those that a unit sees; variables of the manager are those of every unit. Source: systemctl(1).
 */
const systemctl: Program = (texts) => {
  const { operands } = options(texts, /^(-p|-t|-H|-M|-n|-o|--drop-in)$/);
  const [verb = "", ...units] = operands;
  if (verb === "bind" || verb === "mount-image") {
    const [, from, to = from] = units;
    return to === undefined || from === undefined ? [] : [{ to, source: from }];
  }
  if (verb === "link" || verb === "enable" || verb === "reenable") {
    return units.flatMap((from) =>
      from.startsWith("/") ? [{ from, to: `/etc/systemd/system/${lastPart(from)}` }] : [],
    );
  }
  if (!/^(edit|set-property|revert)$/.test(verb)) return [];
  return units.flatMap((unit) =>
    unit.includes("=")
      ? []
      : [
          {
            to: `/etc/systemd/system/${unit.includes(".") ? unit : `${unit}.service`}.d/override.conf`,
          },
        ],
  );
};

/** Beside the packed file is the unpacked one, unless it goes to the output; packing makes a file of another name. */
const unpacked: Program = (texts) =>
  texts.some((text) => /^-[a-z]*c|^--(?:std|to-std)out$/.test(text))
    ? []
    : texts.flatMap((text) => {
        const to = /^(.+)\.(?:t?gz|bz2|xz|zst)$/.exec(text)?.[1];
        return to === undefined ? [] : [{ to, source: text }];
      });

/** In a command that another machine runs. */
const changesFiles = />|\b(?:tee|cp|mv|ln|dd|install|sed|rm|patch)\b/;

const find: Program = (texts) =>
  texts.some((text) => /^-(delete|exec|execdir|ok|fprint\w*|fls)$/.test(text))
    ? mentioned(texts)
    : [];

const awk: Program = (texts) =>
  texts.some((text, at) => text === "inplace" && /^(-i|--include)$/.test(texts[at - 1] ?? ""))
    ? mentioned(texts)
    : mentioned(texts.filter((text) => />\s*["']/.test(text)));

/** Its own flags are read elsewhere; what it makes by phases, renews and upgrades is not. */
const kubeadm: Program = (texts) => {
  const { operands } = options(texts, /^--[\w-]+$/);
  const [verb, second] = operands;
  return (verb === "certs" && second === "renew") || verb === "upgrade" ? mentioned(texts) : [];
};

const remote =
  /^-[eopPiFJlS]$|^--(rsh|rsync-path|exclude|include|exclude-from|include-from|profile|region|endpoint-url|sse|acl)$/;

const programs: Readonly<Record<string, Program>> = {
  cp: copier(/^(-\w*[St]|--(suffix|target-directory))$/),
  mv: copier(/^(-\w*[St]|--(suffix|target-directory))$/),
  ln: copier(/^(-\w*[St]|--(suffix|target-directory))$/),
  install: copier(
    /^(-\w*[mogSt]|--(mode|owner|group|suffix|target-directory))$/,
    /^(-\w*d\w*|--directory)$/,
  ),
  dd: (texts) => texts.flatMap((text) => (/^of=./.test(text) ? [{ to: text.slice(3) }] : [])),
  curl,
  wget,
  aria2c: (texts) => {
    const { operands, values } = options(texts, /^(-[do]|--(dir|out))$/);
    const [source = ""] = operands;
    const name = values(/^(-o|--out)$/)[0] ?? lastPart(source);
    return [{ to: within(values(/^(-d|--dir)$/)[0], name), source }];
  },
  tar,
  bsdtar: tar,
  unzip,
  cpio: unpacker(/^-\w*i|^--extract$/, /^(-D|--directory)$/),
  pax: unpacker(/^-\w*r/, /^$/),
  "7z": unpacker(/^[xe]$/, /^$/),
  "7za": unpacker(/^[xe]$/, /^$/),
  borg: unpacker(/^extract$/, /^$/),
  mount,
  git,
  gpg: named(/^(-o|--output)$/, /^(-o|--output)$/),
  rsync: lastIsTarget(remote),
  scp: lastIsTarget(remote),
  sftp: lastIsTarget(remote),
  aws: lastIsTarget(remote, /^(cp|sync|mv)$/),
  gsutil: lastIsTarget(/^-[hou]$/, /^(cp|rsync|mv)$/),
  gcloud: lastIsTarget(remote, /^(cp|rsync|mv|scp)$/),
  s3cmd: lastIsTarget(remote, /^(get|sync)$/),
  mc: lastIsTarget(remote, /^(cp|mirror|get)$/),
  rclone: lastIsTarget(remote, /^(copy|copyto|sync|move)$/),
  docker: lastIsTarget(/^$/, /^cp$/),
  podman: lastIsTarget(/^$/, /^cp$/),
  nerdctl: lastIsTarget(/^$/, /^cp$/),
  az: named(/^--?[\w-]+$/, /^(-f|--file|-d|--destination)$/),
  oras: named(/^(-o|--output)$/, /^(-o|--output)$/),
  openssl: named(
    /^-(out|keyout|in|key|CA|CAkey|CAfile|config|extfile|extensions|subj|addext|days|newkey|passin|passout|inform|outform|set_serial|CAserial|certfile|inkey|name)$/,
    /^-(out|keyout)$/,
  ),
  cfssljson: (texts) =>
    options(texts, /^-?-(bare|f|stdout)$/)
      .values(/^-?-bare$/)
      .flatMap((name) => [{ to: `${name}.pem` }, { to: `${name}-key.pem` }]),
  gomplate: named(/^(-[ofdci]|--[\w-]+)$/, /^(-o|--out)$/),
  sed: (texts) => [
    ...inPlace(/^(-\w*i|--in-place)/)(texts),
    ...texts.flatMap((text) =>
      [...text.matchAll(/(?:^|[;}\s\d$/])w\s+(\/[^\s;'"}]+)/g)].map(([, to = ""]) => ({ to })),
    ),
  ],
  perl: (texts) => {
    const changed = inPlace(/^-\w*i/)(texts);
    const { values } = options(texts, /^-\w*[eE]$/);
    return changed.length > 0 ? changed : mentioned(values(/^-\w*[eE]$/));
  },
  yq: inPlace(/^(-\w*i|--inplace)/),
  gunzip: unpacked,
  gzip: unpacked,
  bunzip2: unpacked,
  bzip2: unpacked,
  unxz: unpacked,
  xz: unpacked,
  unzstd: unpacked,
  zstd: unpacked,
  ssh: (texts) => mentioned(texts.filter((text) => changesFiles.test(text))),
  crudini: inPlace(/^--(set|del|merge)/),
  patch: (texts) => {
    const { values } = options(texts, /^(-[dipB]|--(directory|input))$/);
    const named = inPlace(/./)(texts);
    return named.length > 0 ? named : [{ to: values(/^(-d|--directory)$/)[0] ?? "." }];
  },
  sponge: inPlace(/./),
  systemctl,
  // Layers over /etc; those of systemd-sysext are over /usr and /opt, where no settings are. Source: systemd-sysext(8).
  "systemd-confext": (texts) =>
    texts.some((text) => /^(?:merge|refresh)$/.test(text)) ? [{ to: "/etc" }] : [],
  find,
  awk,
  gawk: awk,
  kubeadm,
};

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** Programs that change no file that they name, or whose flags are read elsewhere. */
const looksOnly = words(`
  cat tac grep egrep fgrep zgrep rg head tail less more ls stat file wc sort uniq cut tr diff cmp test [ [[ ]] ]
  echo printf mkdir rmdir chmod chown chgrp touch rm unlink du df readlink realpath dirname basename sha256sum
  sha512sum sha1sum md5sum cksum b2sum base64 xxd od strings service journalctl kubectl kubelet kube-apiserver
  kube-controller-manager kube-scheduler kube-proxy hyperkube etcd etcdctl etcdutl crictl ctr helm cilium
  calicoctl flannel umount mountpoint findmnt restorecon semanage chcon setfacl getfacl getent export set
  unset source . cd pushd popd exit return read trap eval wait sleep true false : logger local declare readonly
  typeset hostnamectl hostname sysctl modprobe swapoff ufw iptables firewall-cmd nft nc ping dig nslookup host
  jq zcat tee for case esac select function if then elif else fi while until do done in alias shift
  command type which hash ps pgrep pkill kill killall pidof id whoami date seq expr let getopts ulimit umask apt
  apt-get apt-mark apt-cache yum dnf zypper apk snap rpm dpkg useradd groupadd usermod passwd chpasswd
  update-rc.d rc-service rc-update chkconfig tree watch ss netstat ip lsof fuser logrotate visudo
  conntrack ssh-keygen ssh-keyscan update-ca-certificates sh bash dash ash zsh ksh break continue
`);

/** Options behind which a file is read, not written. */
const input =
  /^-{1,2}(?:in|input|from|from-file|kubeconfig|ca|cafile|cacert|ca-cert|ca-file|cert|key|cert-file|key-file|client-\S*|certificate-authority|trusted-ca-file|\S*-ca-file|config-?file|token-file|tls\S*)(?:=|$)/i;

const path = /(?:^|[=:'"\s(,@>])(\/[\w.@%+{}$*?-]+(?:\/[\w.@%+{}$*?-]*)*)/g;

/** Every path among the words of a program that is not known. */
function mentioned(texts: readonly string[]): readonly Write[] {
  const found = new Set<string>();
  for (const [at, text] of texts.entries()) {
    if (input.test(text) || (input.test(texts[at - 1] ?? "") && !/=/.test(texts[at - 1] ?? ""))) {
      continue;
    }
    if (text.length > maxWord) continue;
    for (const [, to = ""] of text.matchAll(path)) {
      // Augeas calls files so.
      found.add(to.replace(/^\/files(?=\/)/, "").replace(/[.]+$/, ""));
    }
    if (found.size > maxMentioned) break;
  }
  return [...found].map((to) => ({ to }));
}

/** Characters of a word, and paths of a command, that are looked at. */
const maxWord = 100_000;
const maxMentioned = 200;

/** Archives and folders of other programs, which people unpack over a whole system. */
const foreign =
  /containerd|\bcni\b|cni-|crictl|cri-tools|\brunc\b|helm|etcd|nerdctl|buildkit|node[_-]exporter|docker|calico|cilium|flannel|fluent|vector|falco|consul|nomad|\.deb$|\.rpm$/i;

/** Whether what a command puts into a folder may be what Kubernetes reads, though no word names it. */
export function mayBring({ to, source = "", from = "" }: Write): boolean {
  return (
    isOfKubernetes(to) ||
    (isAboveKubernetes(to) &&
      !foreign.test(lastPart(`${source}${from}`)) &&
      !/\.(deb|rpm|bin|run)$/.test(to))
  );
}
