package main

import (
	"reflect"
	"testing"
)

func TestDrift(t *testing.T) {
	for name, c := range map[string]struct {
		given, lastSeen, live, want any
		all                         bool
	}{
		"a value that kube-apiserver normalized": {values{"cpu": "1000m"}, values{"cpu": "1"}, values{"cpu": "1"}, values{"cpu": "1000m"}, false},
		"a value that changed":                   {values{"cpu": "1000m"}, values{"cpu": "1"}, values{"cpu": "2"}, values{"cpu": "2"}, false},
		"a key that went":                        {values{"a": "1", "b": "2"}, values{"a": "1", "b": "2"}, values{"a": "1"}, values{"a": "1"}, false},
		"a key that was never kept":              {values{"a": "1", "b": ""}, values{"a": "1"}, values{"a": "2"}, values{"a": "2", "b": ""}, false},
		"a key that others added":                {values{"a": "1"}, values{"a": "1"}, values{"a": "1", "b": "2"}, values{"a": "1"}, false},
		"a key added to a file":                  {values{"a": "1"}, values{"a": "1"}, values{"a": "1", "b": "2"}, values{"a": "1", "b": "2"}, true},
		"a list element with defaults": {
			[]any{values{"image": "a"}}, []any{values{"image": "a", "policy": "Always"}}, []any{values{"image": "b", "policy": "Always"}},
			[]any{values{"image": "b"}}, false},
		"a list that grew":      {[]any{"a"}, []any{"a"}, []any{"a", "b"}, []any{"a", "b"}, false},
		"a value of other type": {values{"a": values{}}, values{"a": values{}}, values{"a": "1"}, values{"a": "1"}, false},
	} {
		if got := withDrift(c.given, c.lastSeen, c.live, c.all); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
