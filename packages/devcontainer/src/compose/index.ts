export { ComposeInvalidError } from './compose-error.ts';
export {
  type ComposeBuild,
  type ComposeService,
  type ComposeServiceOptions,
  composeService,
} from './compose-service.ts';
