export {
  type BoardStatus,
  DEFAULT_BOARD,
  down,
  list,
  log,
  requireRunning,
  type RunningBoard,
  status,
  target,
  up
} from './board'
export { ensureImage } from './image'
export { sshArguments } from './ssh'
