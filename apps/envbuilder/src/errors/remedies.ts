import type { Remedies } from '@shale/core';

/** Which variables of this program help against an error of the libraries, by its code. */
export const remedies: Remedies = {
  BASE_IMAGE_MISSING:
    'ENVBUILDER_DOCKER_CONFIG_BASE64 gives credentials, KANIKO_REGISTRY_MIRROR names a mirror, ENVBUILDER_BASE_IMAGE_CACHE_DIR a directory of base images.',
  CACHE_READ_ONLY: 'ENVBUILDER_DOCKER_CONFIG_BASE64 gives credentials that may push to ENVBUILDER_CACHE_REPO.',
  CERTIFICATE_INVALID: 'ENVBUILDER_INSECURE=true does not verify certificates.',
  CERTIFICATE_UNTRUSTED:
    'ENVBUILDER_SSL_CERT_BASE64 gives a certificate to trust, SSL_CERT_FILE names a file of them; ENVBUILDER_INSECURE=true does not verify certificates.',
  CREDENTIALS_INVALID: 'ENVBUILDER_DOCKER_CONFIG_BASE64 gives credentials for registries.',
  EXECUTOR_UNAVAILABLE: 'ENVBUILDER_VERBOSE=true shows what was tried.',
  GIT_ACCESS_DENIED:
    'ENVBUILDER_GIT_USERNAME and ENVBUILDER_GIT_PASSWORD are for https, ENVBUILDER_GIT_SSH_PRIVATE_KEY_PATH or ENVBUILDER_GIT_SSH_PRIVATE_KEY_BASE64 for ssh; SSH_KNOWN_HOSTS names a file of host keys.',
  NO_SPACE: 'A volume at /.envbuilder/state gives the build more space.',
  PUSH_REFUSED:
    'ENVBUILDER_CACHE_REPO names the repository that is pushed to, ENVBUILDER_DOCKER_CONFIG_BASE64 gives credentials.',
  REGISTRY_PLAIN_HTTP: 'ENVBUILDER_INSECURE=true allows plain http.',
  REGISTRY_REFUSED: 'ENVBUILDER_DOCKER_CONFIG_BASE64 gives credentials for registries.',
  REGISTRY_UNREACHABLE: 'HTTPS_PROXY or ENVBUILDER_GIT_HTTP_PROXY_URL names a proxy, KANIKO_REGISTRY_MIRROR a mirror.',
  SECRET_MISSING: 'ENVBUILDER_BUILD_SECRETS=NAME=VALUE gives a secret.',
  SOURCE_MISSING:
    'ENVBUILDER_BUILD_CONTEXT_PATH names the build context; without it that is the workspace folder, not the folder of the Dockerfile.',
};
