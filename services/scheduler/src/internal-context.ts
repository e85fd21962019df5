export { internalContext } from '@signalbox/assembly';
