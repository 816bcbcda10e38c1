# SPDX-License-Identifier: Apache-2.0
"""Every image is judged by programs that know nothing of volupload.

qemu-img, 7-Zip, libvmdk, libvhdi, oslo.utils' inspector and a real Glance say
what an image is; no test here looks at its bytes with code of ours.
"""
