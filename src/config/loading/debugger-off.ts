/**
 * Node's option by which no signal opens its debugger, not even before the program of a process runs. Every process that this program
 * starts has it: https://nodejs.org/api/cli.html#--disable-sigusr1.
 */
export const debuggerOff = '--disable-sigusr1'
