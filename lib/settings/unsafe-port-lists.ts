// The ports to which browsers refuse to connect.

/**
 * The default of `PORT4ME_EXCLUDE_UNSAFE_CHROME`: the ports to which Chromium refuses to connect. It is the list
 * that port4me for Bash, Python and R has had since 2022-10-24. It must not change, because another list would
 * give users other ports.
 * Source: https://chromium.googlesource.com/chromium/src.git/+/refs/heads/master/net/base/port_util.cc
 */
export const CHROME_UNSAFE_PORTS =
  '1,7,9,11,13,15,17,19-23,25,37,42,43,53,69,77,79,87,95,101-104,109-111,113,115,117,119,123,135,137,139,143,161,179,389,427,465,512-515,526,530-532,540,548,554,556,563,587,601,636,989,990,993,995,1719,1720,1723,2049,3659,4045,5060,5061,6000,6566,6665-6669,6697,10080'

/**
 * The default of `PORT4ME_EXCLUDE_UNSAFE_FIREFOX`: the ports to which Firefox refuses to connect, of the same
 * date.
 * Source: https://www-archive.mozilla.org/projects/netlib/portbanning#portlist
 */
export const FIREFOX_UNSAFE_PORTS =
  '1,7,9,11,13,15,17,19-23,25,37,42,43,53,77,79,87,95,101-104,109-111,113,115,117,119,123,135,139,143,179,389,465,512-515,526,530-532,540,556,563,587,601,636,993,995,2049,4045,6000'
