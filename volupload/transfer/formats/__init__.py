# SPDX-License-Identifier: Apache-2.0
"""The disk formats a volume can be sent as.

A dict and not plugins: a format is a name of Glance's and a function from a
source to a layout, and a new one is a module here.
"""

from volupload.transfer import MakeLayout
from volupload.transfer.formats import qcow2
from volupload.transfer.formats import raw
from volupload.transfer.formats import vdi
from volupload.transfer.formats import vhd
from volupload.transfer.formats import vhdx
from volupload.transfer.formats import vmdk

FORMATS: dict[str, MakeLayout] = {
    'raw': raw.make,
    'qcow2': qcow2.make,
    'vmdk': vmdk.make,
    'vdi': vdi.make,
    'vhd': vhd.make,
    'vhdx': vhdx.make,
}
