//go:build tools

// Pins the programs that shale is compared with: today's BuildKit and the client that people use it with.
package tools

import (
	_ "github.com/docker/buildx/cmd/buildx"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
