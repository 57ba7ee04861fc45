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

/** The ports of both lists as intervals: the default. To read the texts would take a tenth of the load time. */
export const UNSAFE_PORTS: readonly number[] = [
  1, 1, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15, 17, 17, 19, 23, 25, 25, 37, 37, 42, 43, 53, 53, 69, 69,
  77, 77, 79, 79, 87, 87, 95, 95, 101, 104, 109, 111, 113, 113, 115, 115, 117, 117, 119, 119, 123,
  123, 135, 135, 137, 137, 139, 139, 143, 143, 161, 161, 179, 179, 389, 389, 427, 427, 465, 465,
  512, 515, 526, 526, 530, 532, 540, 540, 548, 548, 554, 554, 556, 556, 563, 563, 587, 587, 601,
  601, 636, 636, 989, 990, 993, 993, 995, 995, 1719, 1720, 1723, 1723, 2049, 2049, 3659, 3659, 4045,
  4045, 5060, 5061, 6000, 6000, 6566, 6566, 6665, 6669, 6697, 6697, 10080, 10080,
]
