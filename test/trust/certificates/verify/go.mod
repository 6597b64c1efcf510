module kubelet-trust/test/verify

go 1.24
