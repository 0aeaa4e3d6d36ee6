#!/usr/bin/env python3
"""The Debian package: made, taken apart, its files looked over, and its programs run."""
import os, re, shutil, subprocess, tempfile
from posthorn import POSTHORND, tool, run

BUILD = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(POSTHORND)))) # app/posthornd/posthornd


def made(folder):
    tool("cpack", "-G", "DEB", "-B", folder, "--config", os.path.join(BUILD, "CPackConfig.cmake"), timeout=600)
    packages = [name for name in os.listdir(folder) if name.endswith(".deb")]
    assert len(packages) == 1, packages
    return os.path.join(folder, packages[0])


def the_package_is_whole():
    with tempfile.TemporaryDirectory() as folder:
        package = made(folder)
        control = tool("dpkg-deb", "--field", package)
        for line in ("Package: posthorn", "Section: mail"): assert line in control, control
        for needed in ("libqt6core6", "libqt6widgets6", "libssl3", "zlib1g", "libqt6sql6-sqlite", "libqca-qt6-plugins"):
            assert needed in re.search(r"^Depends: (.*)$", control, re.M).group(1), control
        scripts = os.path.join(folder, "scripts")
        tool("dpkg-deb", "--control", package, scripts)
        for script in ("postinst", "prerm", "postrm"): tool("sh", "-n", os.path.join(scripts, script))
        root = os.path.join(folder, "root")
        tool("dpkg-deb", "--extract", package, root)
        inside = lambda path: os.path.join(root, path)
        share = inside("usr/share")
        for size in (16, 48, 256): assert os.path.getsize(f"{share}/icons/hicolor/{size}x{size}/apps/posthorn.png") > 100
        tool("desktop-file-validate", f"{share}/applications/posthorn.desktop")
        tool("appstreamcli", "validate", "--no-net", "--override=url-homepage-missing=info",
             f"{share}/metainfo/io.github.posthorn.posthorn.metainfo.xml")
        for page in ("man8/posthornd.8.gz", "man1/posthorn.1.gz", "man8/posthornd.8", "man1/posthorn.1"):
            if not os.path.exists(f"{share}/man/{page}"): continue
            said = subprocess.run(["man", "--warnings", "-l", f"{share}/man/{page}"], capture_output=True, text=True,
                                  env={**os.environ, "MANPAGER": "cat", "LANG": "C.UTF-8"})
            assert said.returncode == 0 and not said.stderr and "Posthorn" in said.stdout, said
        unit = open(inside("usr/lib/systemd/system/posthornd.service")).read()
        assert "ExecStart=posthornd serve --data /var/lib/posthorn\n" in unit, unit
        if shutil.which("systemd-analyze"):
            where = os.path.join(folder, "posthornd.service")
            with open(where, "w") as f: f.write(unit.replace("ExecStart=", f"ExecStart={inside('usr/bin')}/"))
            tool("systemd-analyze", "verify", "--man=no", where)
        assert "account add" in tool(inside("usr/bin/posthornd"), "--help")
        help_of_window = tool(inside("usr/bin/posthorn"), "--help", env={"QT_QPA_PLATFORM": "offscreen"})
        assert "--attach" in help_of_window, help_of_window


if __name__ == "__main__":
    run(the_package_is_whole)
